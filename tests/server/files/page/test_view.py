"""What a query asks of a page, and what it then shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.files.listing import Entry
from nethttp.server.files.page.view import MAX_ROWS, View, choose, natural_key

ENTRIES = [
    Entry("b10.txt", False, False, 2048, 1e9),
    Entry("B9.txt", False, False, 10, 2e9),
    Entry("zoo", True, False, None, 0.0),
    Entry("yard", True, False, None, 3e9),
    Entry("link", False, True, None, None),
]


def shown(query: str, entries=ENTRIES) -> list[str]:
    return [entry.name for entry in choose(entries, View.of(query)).rows]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["yard", "zoo", "B9.txt", "b10.txt", "link"]),
        ("order=desc", ["zoo", "yard", "link", "b10.txt", "B9.txt"]),
        ("sort=size", ["yard", "zoo", "link", "B9.txt", "b10.txt"]),
        ("sort=date&order=desc", ["yard", "zoo", "B9.txt", "b10.txt", "link"]),
        ("sort=nonsense&order=up&page=-1", ["yard", "zoo", "B9.txt", "b10.txt", "link"]),
        ("filter=TXT", ["B9.txt", "b10.txt"]),
        ("filter=.*", []),
        ("filter=o", ["zoo"]),
    ],
)
def test_order_and_filter(query, order):
    assert shown(query) == order


def test_totals_are_of_all_pages():
    chosen = choose(ENTRIES, View())
    assert (chosen.directories, chosen.files, chosen.size, chosen.pages) == (2, 3, 2058, 1)


def test_pages_are_of_the_whole_order():
    many = [Entry(f"f{i}", False, False, i, 0) for i in range(2 * MAX_ROWS + 5)]
    assert shown("page=3", many) == [f"f{2 * MAX_ROWS + i}" for i in range(5)]
    assert shown("page=3&order=desc", many) == [f"f{4 - i}" for i in range(5)]
    assert shown("page=9999", many) == shown("page=3", many)
    assert choose(many, View(number=2)).first == MAX_ROWS
    assert shown("filter=f1004", many) == ["f1004"]


def test_a_query_without_bounds_is_none():
    assert View.of("&".join(f"q{i}=a" for i in range(200)) + "&sort=size") == View()
    assert len(View.of("filter=" + "a" * 10_000).wanted) == 255
    assert View.of("page=" + "9" * 5000) == View()


@given(
    st.builds(
        View,
        st.sampled_from(["name", "size", "date"]),
        st.booleans(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=255),
        st.integers(1, 10**9 - 1),
    )
)
def test_a_view_is_what_its_query_says(view):
    assert View.of(view.query[1:]) == view


@given(st.lists(st.text("aB019é", max_size=6), max_size=20))
def test_natural_order_has_one_outcome(names):
    ordered = sorted(names, key=natural_key)
    names.reverse()
    assert ordered == sorted(names, key=natural_key)
    numbers = [name for name in ordered if name.isdigit()]
    assert numbers == sorted(numbers, key=lambda name: (int(name), name))
