"""Names that a package does not have, and the errors of those who import them."""

import pytest


def assert_cannot_be_imported(package: str, name: str, advice: str) -> None:
    """Both forms of the statement raise Python's error, with the advice behind it."""
    for statement in (f"from {package} import {name}", f"import {package}.{name} as other"):
        with pytest.raises(ImportError) as imported:
            exec(statement, {})
        assert str(imported.value) == f"cannot import name {name!r} from {package!r}{advice}"
