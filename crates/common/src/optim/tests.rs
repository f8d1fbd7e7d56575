//! What every optimiser must do.

use super::*;

/// One of each.
fn all() -> Vec<Box<dyn Optimizer>> {
    let betas = (0.9, 0.99);
    vec![
        Box::new(Sgd { learning_rate: 0.1 }),
        Box::new(Momentum::new(0.1, 0.9)),
        Box::new(Nesterov::new(0.1, 0.9)),
        Box::new(AdaGrad::new(0.1, 1e-7)),
        Box::new(RmsProp::new(0.1, 0.9, 1e-7)),
        Box::new(AdaDelta::new(1.0, 0.9, 1e-6)),
        Box::new(Adam::new(0.1, betas, 1e-7)),
        Box::new(Adam::new(0.1, betas, 1e-7).counting(Counting::PerTensor)),
        Box::new(AdamW::new(0.1, betas, 1e-8, 0.01).eps_placement(EpsPlacement::OutsideRoot)),
        Box::new(L2::new(Adam::new(0.1, betas, 1e-7), 0.01)),
    ]
}

/// A gradient that differs from step to step.
fn gradient(step: u8) -> [f32; 3] {
    let t = f32::from(step);
    [1.0 - 0.3 * t, 0.5 * t, -2.0]
}

fn walk(optimizer: &mut dyn Optimizer, x: &mut [f32; 3], steps: std::ops::Range<u8>) {
    for step in steps {
        let (g, (w, b)) = (gradient(step), x.split_at_mut(2));
        let tensors = [Trainable { parameter: w, gradient: &g[..2] }, Trainable { parameter: b, gradient: &g[2..] }];
        optimizer.step_tensors(&mut { tensors });
    }
}

#[test]
fn a_saved_state_goes_on_with_the_same_bits() {
    for ((mut whole, mut first), mut second) in all().into_iter().zip(all()).zip(all()) {
        let (mut expected, mut x) = ([1.0, -2.0, 3.0], [1.0, -2.0, 3.0]);
        walk(&mut whole, &mut expected, 0..9);
        walk(&mut first, &mut x, 0..4);
        second.load_state(&first.state()).unwrap();
        walk(&mut second, &mut x, 4..9);
        assert_eq!(x.map(f32::to_bits), expected.map(f32::to_bits), "{whole:?}");
        assert_eq!(second.state(), whole.state());
    }
}

#[test]
fn tensors_move_as_if_laid_end_to_end() {
    for (mut apart, mut joined) in all().into_iter().zip(all()) {
        let (mut x, mut y) = ([1.0, -2.0, 3.0], [1.0, -2.0, 3.0]);
        walk(&mut apart, &mut x, 0..1);
        joined.step(&mut y, &gradient(0));
        // Adam that counts tensors is the one that can tell.
        let same = if format!("{apart:?}").contains("PerTensor") { 2 } else { 3 };
        assert_eq!(x[..same], y[..same], "{apart:?}");
        assert_eq!(x == y, same == 3, "{apart:?}");
    }
}

#[test]
fn the_state_of_another_optimiser_is_refused() {
    let mut momentum = Momentum::new(0.1, 0.9);
    momentum.step(&mut [1.0], &[1.0]);
    let error = AdaGrad::new(0.1, 1e-7).load_state(&momentum.state()).unwrap_err().to_string();
    let expected =
        "the state of the optimiser: expected vectors [squares], found [delta]: it was saved by another kind of optimiser";
    assert_eq!(error, expected);
}

#[test]
#[should_panic(expected = "an optimiser belongs to one network")]
fn another_network_is_a_bug() {
    let mut momentum = Momentum::new(0.1, 0.9);
    momentum.step(&mut [1.0], &[1.0]);
    momentum.step(&mut [1.0, 2.0], &[1.0, 1.0]);
}

#[test]
fn a_new_learning_rate_holds_from_the_next_step_on() {
    for mut optimizer in all() {
        optimizer.set_learning_rate(0.0);
        let mut x = [1.0, -2.0, 3.0];
        walk(&mut optimizer, &mut x, 0..1);
        assert_eq!((x, optimizer.learning_rate()), ([1.0, -2.0, 3.0], 0.0), "{optimizer:?}");
    }
}

#[test]
fn the_first_step_of_adam_is_the_learning_rate() {
    let mut x = [0.0; 2];
    Adam::new(0.25, (0.9, 0.99), 0.0).step(&mut x, &[3.0, -1e-3]);
    assert_eq!(x, [-0.25, 0.25]);
}

#[test]
fn nesterov_keeps_the_parameters_ahead_of_the_point_it_has_reached() {
    let mut nesterov = Nesterov::new(0.5, 0.5);
    let mut ahead = [1.0];
    assert_eq!(nesterov.reached(&ahead), [1.0]);
    nesterov.step(&mut ahead, &[1.0]);
    // Δ = −0.5, θ = 0.5, ahead by ρ Δ = −0.25.
    assert_eq!((ahead, nesterov.reached(&ahead)), ([0.25], vec![0.5]));
}

#[test]
fn an_l2_term_adds_to_the_gradient() {
    // θ − α (g + λ θ), every number exact.
    let mut l2 = L2::new(Sgd { learning_rate: 0.5 }, 0.25);
    let mut x = [4.0, -8.0];
    l2.step(&mut x, &[1.0, 0.0]);
    assert_eq!(x, [3.0, -7.0]);
}
