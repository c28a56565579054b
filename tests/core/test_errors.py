from apimonster_cli.core.errors import FieldError
from apimonster_cli.core.place import Place


def test_a_field_error_names_the_place_the_field_and_the_reason() -> None:
    error = FieldError("'abc' is not a number", target="items.0.quantity", place=Place("bundles.yaml", 12, 9))

    assert str(error) == "bundles.yaml:12:9: field items.0.quantity: 'abc' is not a number"


def test_a_field_error_does_without_a_place() -> None:
    assert str(FieldError("is empty", target="phone")) == "field phone: is empty"
