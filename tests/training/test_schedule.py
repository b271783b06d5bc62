"""The rate of learning: by tokens, so that a run may be stopped anywhere."""

from __future__ import annotations

from recipe.schedule import WARM_UP_STEPS, Decay, Schedule


def test_a_new_run_warms_up_and_stays() -> None:
    """Full steps with momenta that mean nothing yet throw a model off; later nothing tells when the run will end."""
    schedule = Schedule(cold_at_step=0, decay=None)
    factors = [schedule.factor(n_steps=n, n_tokens=100 * n) for n in range(WARM_UP_STEPS + 2)]

    assert 0 < factors[0] < 0.05
    assert factors == sorted(factors)
    assert factors[WARM_UP_STEPS - 1 :] == [1.0, 1.0, 1.0]
    assert not schedule.is_over(10**12)


def test_a_run_that_goes_on_does_not_warm_up() -> None:
    """Its optimisers remember; one that was finished and is trained further does not."""
    assert Schedule(cold_at_step=None, decay=None).factor(n_steps=500, n_tokens=10**6) == 1.0
    assert Schedule(cold_at_step=500, decay=None).factor(n_steps=500, n_tokens=10**6) < 0.05
    assert Schedule(cold_at_step=500, decay=Decay(0, 10**7)).factor(n_steps=500, n_tokens=10**6) < 0.05


def test_a_decay_falls_to_zero_and_ends() -> None:
    """Linear in tokens from where it began, however often it was stopped in between."""
    schedule = Schedule(cold_at_step=None, decay=Decay(from_tokens=1000, n_tokens=400))

    assert [schedule.factor(n_steps=9, n_tokens=n) for n in (1000, 1100, 1300, 1400, 1500)] == [
        1.0,
        0.75,
        0.25,
        0.0,
        0.0,
    ]
    assert [schedule.is_over(n) for n in (1000, 1399, 1400)] == [False, False, True]
