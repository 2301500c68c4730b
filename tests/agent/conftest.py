import pytest
from agent_doubles import small_dataset

from lawsmith.tasks import Dataset


@pytest.fixture
def dataset() -> Dataset:
    return small_dataset()
