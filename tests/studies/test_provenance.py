"""Where a number comes from: the machine's class."""

import pytest

from studies.harness.provenance import cpu_model, linux_cpu

pytestmark = pytest.mark.once

X86 = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 23
model\t\t: 1
model name\t: AMD  EPYC
cache size\t: 512 KB

processor\t: 1
cpu family\t: 23
model\t\t: 49
model name\t: another
"""


def test_generations_that_share_a_name_are_told_apart():
    assert linux_cpu(X86) == "AMD EPYC (family 23, model 1)"
    assert linux_cpu(X86.replace("model\t\t: 1", "model\t\t: 17")) == "AMD EPYC (family 23, model 17)"


@pytest.mark.parametrize("text", ["Hardware\t: BCM2835\n", "processor : 0\ncpu model : BCM2835\n"])
def test_other_processors_go_by_their_name(text):
    assert linux_cpu(text) == "BCM2835"


def test_something_is_said_of_a_processor_that_says_nothing():
    assert linux_cpu("") and cpu_model()
