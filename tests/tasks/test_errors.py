from lawsmith.tasks.errors import InputError, in_python


def test_an_error_names_arguments_in_python_and_options_on_the_command_line() -> None:
    error = InputError("Give --time-limit, or --range loss=0:; `discover doctor --json` shows more.")
    assert str(error) == "Give time_limit, or ranges loss=0:; `discover doctor --json` shows more."
    assert error.args[0] == "Give --time-limit, or --range loss=0:; `discover doctor --json` shows more."


def test_dashes_that_begin_no_option_stay() -> None:
    assert in_python("a -- b, 3--5 and ---") == "a -- b, 3--5 and ---"
