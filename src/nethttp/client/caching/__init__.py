"""A private cache of responses: RFC 9111's rules, the stores, and the flow that joins them."""
