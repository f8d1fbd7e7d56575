//! The product against its contract.

use super::*;
use crate::{machine::with_threads, rng::Stream};

/// Values of many magnitudes, so that a wrong order of additions shows.
fn values(n: usize, stream: &mut Stream) -> Vec<f32> {
    (0..n).map(|_| stream.normal(0.0, 1.0) * [1.0, 1e-3, 1e3][stream.below(3) as usize]).collect()
}

type Product = fn(Isa, (View, View), Option<&[f32]>, &mut [f32], usize);

/// Compares a way to compute an m × k × n product, shared in so many pieces, with the reference.
#[track_caller]
fn check_shared(product: Product, (m, k, n): (usize, usize, usize), pieces: usize) {
    let mut stream = Stream::new(7, &format!("{m} {k} {n}"));
    let (a, b, bias) = (values(m * k, &mut stream), values(k * n, &mut stream), values(n, &mut stream));
    let forms = [
        (View::new(&a, m, k), View::new(&b, k, n)),
        (View::new(&a, k, m).transposed(), View::new(&b, k, n)),
        (View::new(&a, m, k), View::new(&b, n, k).transposed()),
    ];
    for (form, (a, b)) in forms.into_iter().enumerate() {
        for bias in [None, Some(&bias[..])] {
            let mut expected = vec![0.0; m * n];
            reference(a, b, bias, &mut expected);
            for isa in Isa::available() {
                let mut c = vec![f32::NAN; m * n];
                product(isa, (a, b), bias, &mut c, pieces);
                let same = c.iter().zip(&expected).all(|(c, e)| c.to_bits() == e.to_bits());
                assert!(same, "{m} x {k} x {n}, form {form}, {isa}, {pieces} pieces: differs from the reference");
            }
        }
    }
}

#[track_caller]
fn check(m: usize, k: usize, n: usize) {
    check_shared(|isa, (a, b), bias, c, _| matmul(isa, a, b, bias, c), (m, k, n), 1);
}

#[test]
fn a_share_of_few_columns_has_the_bits_of_the_reference() {
    // Each piece has 16 columns of a matrix that is wider.
    check_shared(by_columns, (100, 700, 400), 25);
}

/// Compares the gradients of a linear layer's parameters with those of the reference.
#[track_caller]
fn check_gradients(inputs: usize, samples: usize, outputs: usize) {
    let mut stream = Stream::new(8, &format!("{inputs} {samples} {outputs}"));
    let (x, dy) = (values(samples * inputs, &mut stream), values(samples * outputs, &mut stream));
    let rows_of_dy = View::new(&dy, samples, outputs);
    let (mut expected_dweight, mut expected_dbias) = (vec![0.0; inputs * outputs], vec![0.0; outputs]);
    reference(View::new(&x, samples, inputs).transposed(), rows_of_dy, None, &mut expected_dweight);
    reference(View::ones(samples), rows_of_dy, None, &mut expected_dbias);
    for isa in Isa::available() {
        let (mut dweight, mut dbias) = (vec![f32::NAN; inputs * outputs], vec![f32::NAN; outputs]);
        parameter_gradients(isa, ParameterGradients { x: &x, dy: &dy, dweight: &mut dweight, dbias: &mut dbias });
        let same = |found: &[f32], expected: &[f32]| found.iter().zip(expected).all(|(f, e)| f.to_bits() == e.to_bits());
        assert!(same(&dweight, &expected_dweight), "{samples} of {inputs}-{outputs}, {isa}: the weight's gradient differs");
        assert!(same(&dbias, &expected_dbias), "{samples} of {inputs}-{outputs}, {isa}: the bias' gradient differs");
    }
}

proptest::proptest! {
    #[test]
    fn gradients_of_any_size_have_the_bits_of_the_reference(inputs in 0usize..30, samples in 0usize..70, outputs in 1usize..30) {
        check_gradients(inputs, samples, outputs);
    }

    #[test]
    fn a_share_of_any_size_has_the_bits_of_the_reference(m in 1usize..70, k in 0usize..40, n in 1usize..130, pieces in 1usize..=64) {
        check_shared(by_columns, (m, k, n), pieces);
        check_shared(by_rows, (m, k, n), pieces);
    }
}

#[test]
fn gradients_of_each_small_size_have_the_bits_of_the_reference() {
    for few in 0..7 {
        for wide in 1..27 {
            check_gradients(few, 50, wide);
            check_gradients(wide, 50, few.max(1));
        }
    }
}

#[test]
fn every_instruction_set_gives_the_bits_of_the_reference() {
    // Around every edge: tiles of 1, 2, 4, 8 rows, vectors of 1, 8, 16 lanes, three vectors, the depth of a panel.
    for m in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33] {
        for n in [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 97] {
            for k in [1, 2, 3, 5, 17] {
                check(m, k, n);
            }
        }
    }
    for k in [255, 256, 257, 513] {
        check(9, k, 49);
        check(40, k, 3);
    }
    check(640, 2, 5);
    check(5, 640, 1);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for threads in [1, 2, 5] {
        with_threads(threads, || {
            check(64, 300, 100);
            check(331, 65, 67);
            check(2000, 70, 10);
            check(17, 200, 500);
            check(64, 120, 481);
        })
        .unwrap();
    }
}

#[test]
fn an_empty_inner_dimension_gives_the_bias() {
    let mut c = [f32::NAN; 6];
    matmul(Isa::best(), View::new(&[], 2, 0), View::new(&[], 0, 3), Some(&[1.0, 2.0, 3.0]), &mut c);
    assert_eq!(c, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}
