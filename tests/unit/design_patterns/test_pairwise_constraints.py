import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import OptionError
from tests.cases.tiny import CASES, World

ENTRY = CASES["pairwise_constraints"]
MUST = {0: [3], 3: [0, 9], 9: [3], 1: [4], 4: [1], 5: [20], 20: [5]}
CANNOT = {0: [1], 1: [0], 2: [4], 4: [2, 8], 8: [4], 5: [12], 12: [5]}


def prepared(**changes):
    world = World({**ENTRY, **changes})
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_partners_are_those_of_the_file_or_the_sample_itself():
    pattern = prepared().pattern
    drawn = torch.stack([pattern.companions(torch.arange(21)) for _ in range(60)])

    for sample in range(21):
        must, cannot = ({*kind.tolist()} for kind in drawn[:, sample].unbind(1))
        assert must == {*MUST.get(sample, [sample])}
        assert cannot == {*CANNOT.get(sample, [sample])}


def test_each_partner_is_drawn_as_often_as_the_others():
    pattern = prepared().pattern
    drawn = torch.cat([pattern.companions(torch.tensor([3, 4])) for _ in range(400)])

    assert 160 < (drawn == 9).sum() < 240
    assert 160 < (drawn == 8).sum() < 240


def test_losses_are_means_over_the_samples_that_have_partners_in_the_named_views():
    world = prepared(batch_augmentation_name="noisy", partner_batch_augmentation_name="shifted")
    indices = torch.tensor([9, 12, 7, 20, 2])  # of one partner each, but 7, which has none
    p = world.pattern.assignment(world.data.views["noisy"]).exp()
    q = world.pattern.assignment(world.data.views["shifted"]).exp()

    losses = world.pattern(world.batch(indices))

    must = torch.stack([-(p[9] @ q[3]).log(), -(p[20] @ q[5]).log()]).mean()
    cannot = torch.stack([-(1 - p[12] @ q[5]).log(), -(1 - p[2] @ q[4]).log()]).mean()
    torch.testing.assert_close(losses["must_link"], must)
    torch.testing.assert_close(losses["cannot_link"], cannot)


def test_a_file_may_have_pairs_of_one_kind(tmp_path):
    (tmp_path / "pairs.csv").write_text("first,second,sign\n0,1,-1\n")
    losses = World({**ENTRY, "path": str(tmp_path / "pairs.csv")}).losses(torch.arange(4))

    assert losses["must_link"].item() == 0
    assert losses["cannot_link"].item() > 0


def test_an_index_beyond_the_data_set_is_an_error_of_the_file():
    pattern = World(ENTRY).pattern

    with pytest.raises(
        OptionError, match=r"samples 5 and 20 are a pair, but .* 20 samples"
    ) as error:
        pattern.before_iteration(Clock(1, 1), DatasetPass(20, None))

    assert error.value.key == "path"


def test_an_invalid_file_is_an_error_of_its_key(tmp_path):
    (tmp_path / "pairs.csv").write_text("first,second,sign\n0,1,-1\n1,0,1\n")

    with pytest.raises(OptionError, match=r"pairs\.csv: samples 0 and 1 have both signs") as error:
        World({**ENTRY, "path": str(tmp_path / "pairs.csv")})

    assert error.value.key == "path"


def test_a_restored_pattern_keeps_its_partners(tmp_path):
    (tmp_path / "pairs.csv").write_text("first,second,sign\n0,1,-1\n")
    world, other = prepared(), World({**ENTRY, "path": str(tmp_path / "pairs.csv")})
    other.pattern.load_state_dict(world.pattern.state_dict())
    other.pattern.before_iteration(Clock(1, 2), other.data_pass)

    for kind in ("must_link", "cannot_link"):
        partners, kept = getattr(world.pattern, kind), getattr(other.pattern, kind)
        assert torch.equal(partners.partners, kept.partners)
        assert torch.equal(partners.ends, kept.ends)
