-- Requests of which each has another value in one of its fields, as behind a proxy that numbers them.

local number = 0

request = function()
  number = number + 1
  wrk.headers["X-Request-Id"] = number
  return wrk.format()
end
