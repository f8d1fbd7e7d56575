//! What every optimiser must do.

use super::*;

/// One of each.
fn all() -> Vec<Optimizer> {
    let eps_placement = EpsPlacement::InsideRoot;
    let adam = Adam::new(0.9, 0.99, 1e-7);
    vec![
        Optimizer::new(Sgd),
        Optimizer::new(Momentum { rho: 0.9 }),
        Optimizer::new(Nesterov { rho: 0.9 }),
        Optimizer::new(AdaGrad { epsilon: 1e-7, eps_placement }),
        Optimizer::new(RmsProp { beta: 0.9, epsilon: 1e-7, eps_placement }),
        Optimizer::new(AdaDelta { rho: 0.9, epsilon: 1e-6 }),
        Optimizer::new(adam),
        Optimizer::new(adam).counting(Counting::PerTensor),
        Optimizer::new(AdamW { adam: adam.eps_placement(EpsPlacement::OutsideRoot), weight_decay: 0.01 }),
    ]
}

/// The learning rate of all steps.
const ALPHA: f32 = 0.1;

/// A gradient that differs from step to step.
fn gradient(step: u8) -> [f32; 3] {
    let t = f32::from(step);
    [1.0 - 0.3 * t, 0.5 * t, -2.0]
}

fn walk(optimizer: &mut Optimizer, x: &mut [f32; 3], steps: std::ops::Range<u8>) {
    for step in steps {
        let (g, (w, b)) = (gradient(step), x.split_at_mut(2));
        let mut step = optimizer.begin_step(ALPHA);
        step.tensor(Trainable { parameter: w, gradient: &g[..2] });
        step.tensor(Trainable { parameter: b, gradient: &g[2..] });
        step.end();
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
        joined.step(ALPHA, &mut y, &gradient(0));
        // Adam that counts tensors is the one that can tell.
        let same = if format!("{apart:?}").contains("PerTensor") { 2 } else { 3 };
        assert_eq!(x[..same], y[..same], "{apart:?}");
        assert_eq!(x == y, same == 3, "{apart:?}");
    }
}

#[test]
fn the_state_of_another_optimiser_is_refused() {
    let mut momentum = Optimizer::new(Momentum { rho: 0.9 });
    momentum.step(ALPHA, &mut [1.0], &[1.0]);
    let mut adagrad = Optimizer::new(AdaGrad { epsilon: 1e-7, eps_placement: EpsPlacement::InsideRoot });
    let error = adagrad.load_state(&momentum.state()).unwrap_err().to_string();
    let expected =
        "the state of the optimiser: expected vectors [squares], found [delta]: it was saved by another kind of optimiser";
    assert_eq!(error, expected);
}

#[test]
#[should_panic(expected = "an optimiser belongs to one network")]
fn a_larger_network_is_a_bug() {
    let mut momentum = Optimizer::new(Momentum { rho: 0.9 });
    momentum.step(ALPHA, &mut [1.0], &[1.0]);
    momentum.step(ALPHA, &mut [1.0, 2.0], &[1.0, 1.0]);
}

#[test]
#[should_panic(expected = "an optimiser belongs to one network")]
fn a_smaller_network_is_a_bug() {
    let mut momentum = Optimizer::new(Momentum { rho: 0.9 });
    momentum.step(ALPHA, &mut [1.0, 2.0], &[1.0, 1.0]);
    momentum.step(ALPHA, &mut [1.0], &[1.0]);
}

#[test]
fn a_learning_rate_of_zero_moves_nothing() {
    for mut optimizer in all() {
        let mut x = [1.0, -2.0, 3.0];
        optimizer.step(0.0, &mut x, &gradient(0));
        assert_eq!(x, [1.0, -2.0, 3.0], "{optimizer:?}");
    }
}

#[test]
fn the_first_step_of_adam_is_the_learning_rate() {
    let mut x = [0.0; 2];
    Optimizer::new(Adam::new(0.9, 0.99, 0.0)).step(0.25, &mut x, &[3.0, -1e-3]);
    assert_eq!(x, [-0.25, 0.25]);
}

#[test]
fn nesterov_keeps_the_parameters_ahead_of_the_point_it_has_reached() {
    let mut nesterov = Optimizer::new(Nesterov { rho: 0.5 });
    let mut ahead = [1.0];
    assert_eq!(nesterov.reached(&ahead), [1.0]);
    nesterov.step(0.5, &mut ahead, &[1.0]);
    // Δ = −0.5, θ = 0.5, ahead by ρ Δ = −0.25.
    assert_eq!((ahead, nesterov.reached(&ahead)), ([0.25], vec![0.5]));
}
