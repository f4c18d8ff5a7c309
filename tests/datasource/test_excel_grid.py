"""The indexes of a grid stay right, whatever is changed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cordboard.datasource.excel.cells import Cell
from cordboard.datasource.excel.grid import Grid

VALUES: st.SearchStrategy[Cell] = st.sampled_from(
    [
        None,
        "",
        "Anna",
        " anna ",
        "0671234567",
        "+380671234567",
        "067 1234567, 0501112233",
        "105",
        Decimal(105),
        Decimal(380671234567),
        "3.80671E+11",
        True,
    ]
)
ROWS = st.lists(st.lists(VALUES, max_size=3), max_size=5)
CHANGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4), VALUES), max_size=8)


@given(rows=ROWS, left=st.integers(0, 2), changes=CHANGES)
def test_an_index_finds_after_changes_what_one_built_anew_finds(
    rows: list[list[Cell]], left: int, changes: list[tuple[int, int, Cell]]
) -> None:
    grid = Grid("a", rows, left)
    for column in range(5):
        grid.build_index(column, phones=False)
        grid.build_index(column, phones=True)
    expected = {(row, column): grid.cell(row, column) for row in range(9) for column in range(6)}
    for row, column, value in changes:
        grid.set(row, column, value)
        expected[row, column] = None if value == "" else value
    assert {place: grid.cell(*place) for place in expected} == expected
    fresh = Grid("b", [[grid.cell(row, column) for column in range(6)] for row in range(grid.height)])
    for column in range(5):
        for phones, words in ((False, ("anna", "105", "true", "0671234567")), (True, ("1234567", "1112233", "105"))):
            fresh.build_index(column, phones=phones)
            for word in words:
                assert list(grid.rows_with(column, word, phones=phones)) == list(
                    fresh.rows_with(column, word, phones=phones)
                )


def test_phones_that_have_lost_their_digits_are_reported_by_their_rows() -> None:
    grid = Grid("a", [["phone"], ["3.80671E+11"], [380671234567.0], ["3,80671E+11"], ["0671234567"]])
    assert list(grid.lost_phones(0)) == [1, 3]
