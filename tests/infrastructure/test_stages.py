"""The settings of stages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infrastructure.stages import DEFAULT_STAGE, DEV, PROD, STAGES, UnknownStageError, stage_settings


def test_the_stages_and_the_default() -> None:
    assert stage_settings("prod") is PROD
    assert stage_settings(DEFAULT_STAGE) is DEV
    assert all(name == stage.name for name, stage in STAGES.items())
    assert PROD.retain_data
    assert not DEV.retain_data


@pytest.mark.parametrize(("name", "hint"), [("prd", "did you mean 'prod'?"), ("xyz", "there are dev, prod.")])
def test_an_unknown_stage_is_one_line_with_the_way_out(name: str, hint: str) -> None:
    with pytest.raises(UnknownStageError) as caught:
        stage_settings(name)
    message = str(caught.value)
    assert hint in message
    assert "infrastructure/stages.py" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["", "Prod", "my-stage", "1st", "x" * 17])
def test_a_name_that_cannot_be_part_of_every_other(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a stage's name"):
        replace(DEV, name=name)


def test_the_number_of_stacks_has_limits() -> None:
    with pytest.raises(ValueError, match="from 1 to 200"):
        replace(DEV, flow_stacks=0)
