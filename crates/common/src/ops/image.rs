//! Operations on images: tensors of batch × channels × rows × columns.

use super::{Device, DeviceError, Tensor};
use dfdx::{
    shapes::{Const, Dim, HasShape, Rank1, Rank4},
    tensor::Tape,
    tensor_ops::ReshapeTo,
};

/// A batch of images with `C` channels.
pub type Images<B, const C: usize, T> = Tensor<(B, Const<C>, usize, usize), T>;

/// How a kernel or window moves over an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    /// Rows and columns of the kernel or window.
    pub kernel: usize,
    /// Positions between two neighbouring results.
    pub stride: usize,
    /// Zeros around the image, on every side.
    pub padding: usize,
}

impl Sliding {
    /// Results along a side of the given length.
    #[cfg(feature = "cuda")]
    fn results(self, length: usize) -> usize {
        (length + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// Turns rows of features into images of the given rows and columns.
pub fn image<B: Dim, const F: usize, const C: usize, T: Tape<f32, Device>>(
    x: Tensor<(B, Const<F>), T>,
    (height, width): (usize, usize),
) -> Result<Images<B, C, T>, DeviceError> {
    let batch = x.shape().0;
    x.try_reshape_like(&(batch, Const::<C>, height, width))
}

/// Turns images into rows of features.
///
/// # Panics
/// If an image has not exactly `F` values.
pub fn flatten<B: Dim, const C: usize, const F: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
) -> Result<Tensor<(B, Const<F>), T>, DeviceError> {
    let batch = x.shape().0;
    x.try_reshape_like(&(batch, Const::<F>))
}

/// Computes the convolution [`Conv2d`](crate::kernels::Conv2d) of each image, book section 5.1; backward the gradients of image, weight and bias.
///
/// | tensor | shape |
/// | --- | --- |
/// | `x` | batch × I × rows × columns |
/// | `weight` | O × I × K × K |
/// | `bias` | O |
/// | result | batch × O × rows × columns |
#[cfg(not(feature = "cuda"))]
pub fn conv2d<B: Dim, const I: usize, const O: usize, const K: usize, T: Tape<f32, Device>>(
    x: Images<B, I, T>,
    (weight, bias): (&Tensor<Rank4<O, I, K, K>>, &Tensor<Rank1<O>>),
    sliding: Sliding,
) -> Result<Images<B, O, T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{Conv2d, conv2d::ParameterGradients, isa::Isa, lanes};
    use dfdx::tensor::{PutTape, SplitTape, TensorFromVec};

    let isa = Isa::best();
    let (x, mut tape) = x.split_tape();
    let (batch, _, height, width) = *x.shape();
    let Sliding { kernel, stride, padding } = sliding;
    let shape = Conv2d { in_channels: I, out_channels: O, height, width, kernel, stride, padding };
    let n = batch.size();
    let x_lanes = lanes::laid_out(&values(&x), shape.in_features());
    let w_values = values(weight);
    let mut y = vec![0.0; lanes::size(n, shape.out_features())];
    shape.forward(isa, &x_lanes, &w_values, &values(bias), &mut y);
    let y = in_rows(&y, n, shape.out_features());
    let y = x.device().try_tensor_from_vec(y, (batch, Const::<O>, shape.out_height(), shape.out_width()))?;

    let (x, weight, bias, output) = (x.clone(), weight.clone(), bias.clone(), y.clone());
    tape.add_backward_op(move |gradients| {
        let dy = lanes::laid_out(&std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?), shape.out_features());
        let mut dx = vec![0.0; x_lanes.len()];
        shape.backward_input(isa, &dy, &w_values, &mut dx);
        accumulate(gradients.get_or_alloc_mut(&x)?, &in_rows(&dx, n, shape.in_features()));
        let (mut dweight, mut dbias) = (vec![0.0; w_values.len()], vec![0.0; O]);
        let parameters = ParameterGradients { dweight: &mut dweight, dbias: &mut dbias };
        shape.backward_parameters(isa, &x_lanes, &dy, parameters);
        accumulate(gradients.get_or_alloc_mut(&weight)?, &dweight);
        accumulate(gradients.get_or_alloc_mut(&bias)?, &dbias);
        Ok(())
    });
    Ok(y.put_tape(tape))
}

/// Computes the largest value of each window, [`MaxPool2d`](crate::kernels::MaxPool2d); backward the gradient goes to the first of equal ones.
#[cfg(not(feature = "cuda"))]
pub fn max_pool2d<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
) -> Result<Images<B, C, T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{MaxPool2d, isa::Isa, lanes, max_pool::Pooled};
    use dfdx::tensor::{PutTape, SplitTape, TensorFromVec};

    let isa = Isa::best();
    let (x, mut tape) = x.split_tape();
    let (batch, _, height, width) = *x.shape();
    let shape = MaxPool2d { channels: C, height, width, kernel: sliding.kernel, stride: sliding.stride };
    let n = batch.size();
    let x_lanes = lanes::laid_out(&values(&x), shape.in_features());
    let mut y_lanes = vec![0.0; lanes::size(n, shape.out_features())];
    shape.forward(isa, &x_lanes, &mut y_lanes);
    let y = in_rows(&y_lanes, n, shape.out_features());
    let y = x.device().try_tensor_from_vec(y, (batch, Const::<C>, shape.out_height(), shape.out_width()))?;

    let (x, output) = (x.clone(), y.clone());
    tape.add_backward_op(move |gradients| {
        let dy = lanes::laid_out(&std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?), shape.out_features());
        let mut dx = vec![0.0; x_lanes.len()];
        shape.backward(isa, Pooled { x: &x_lanes, y: &y_lanes }, &dy, &mut dx);
        accumulate(gradients.get_or_alloc_mut(&x)?, &in_rows(&dx, n, shape.in_features()));
        Ok(())
    });
    Ok(y.put_tape(tape))
}

/// Images as the kernels take them, back as rows of features.
#[cfg(not(feature = "cuda"))]
pub(super) fn in_rows(values: &[f32], samples: usize, features: usize) -> Vec<f32> {
    let mut rows = vec![0.0; samples * features];
    crate::kernels::lanes::to_rows(values, features, &mut rows);
    rows
}

/// Lists for every place of a kernel and every result the value of the image that meets there: taps × results × batch.
#[cfg(feature = "cuda")]
fn unfold<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
    outer: &[(usize, usize, usize)],
    inner: &[(usize, usize, usize)],
) -> Result<Tensor<(usize, usize, usize), T>, DeviceError> {
    use dfdx::{
        shapes::{Axes2, Axis},
        tensor::TensorFromVec,
        tensor_ops::{BroadcastTo, GatherTo, PermuteTo, TryMul},
    };

    let (batch, _, height, width) = *x.shape();
    let inside = |at: usize, length: usize| at.checked_sub(sliding.padding).filter(|at| *at < length);
    let (mut places, mut mask) = (Vec::new(), Vec::new());
    for tap in outer {
        for result in inner {
            let row = inside(tap.1 + result.1 * sliding.stride, height);
            let column = inside(tap.2 + result.2 * sliding.stride, width);
            let place = row.zip(column).map(|(row, column)| ((tap.0 + result.0) * height + row) * width + column);
            places.push(place.unwrap_or_default());
            mask.push(if place.is_some() { 1.0 } else { 0.0 });
        }
    }
    let device = x.device().clone();
    let n = places.len();
    let places: dfdx::tensor::Tensor<(usize,), usize, Device> = device.try_tensor_from_vec(places, (n,))?;
    let mask: Tensor<(usize,)> = device.try_tensor_from_vec(mask, (n,))?;
    let rows = x.try_reshape_like(&(batch.size(), C * height * width))?;
    let columns = rows.try_permute::<(usize, usize), Axes2<1, 0>>()?;
    let values = columns.try_gather(places)?;
    let mask = mask.retaped::<T>().try_broadcast_like::<_, Axis<1>>(&(n, batch.size()))?;
    values.try_mul(mask)?.try_reshape_like(&(outer.len(), inner.len(), batch.size()))
}

/// Computes the convolution of each image, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn conv2d<B: Dim, const I: usize, const O: usize, const K: usize, T: Tape<f32, Device>>(
    x: Images<B, I, T>,
    (weight, bias): (&Tensor<Rank4<O, I, K, K>>, &Tensor<Rank1<O>>),
    sliding: Sliding,
) -> Result<Images<B, O, T>, DeviceError> {
    use dfdx::{
        shapes::{Axes3, Axis},
        tensor_ops::{BroadcastTo, PermuteTo, TryAdd, TryMatMul},
    };

    let (batch, _, height, width) = *x.shape();
    let (rows, columns) = (sliding.results(height), sliding.results(width));
    let taps = positions(I, K, K);
    let unfolded = unfold(x, sliding, &taps, &positions(1, rows, columns))?;
    let n = rows * columns * batch.size();
    let unfolded = unfolded.try_reshape_like(&(taps.len(), n))?;
    let weight = weight.retaped::<T>().try_reshape_like(&(O, taps.len()))?;
    let y = weight.try_matmul(unfolded)?;
    let bias = bias.retaped::<T>().try_reshape_like(&(O,))?.try_broadcast_like::<_, Axis<1>>(&(O, n))?;
    let y = y.try_add(bias)?.try_reshape_like(&(O, rows * columns, batch.size()))?;
    let y = y.try_permute::<(usize, usize, usize), Axes3<2, 0, 1>>()?;
    y.try_reshape_like(&(batch, Const::<O>, rows, columns))
}

/// Computes the largest value of each window, composed of dfdx's operations: equal ones share the gradient.
#[cfg(feature = "cuda")]
pub fn max_pool2d<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
) -> Result<Images<B, C, T>, DeviceError> {
    use dfdx::{
        shapes::{Axes2, Axis},
        tensor_ops::{MaxTo, PermuteTo},
    };

    let (batch, _, height, width) = *x.shape();
    let (rows, columns) = (sliding.results(height), sliding.results(width));
    let windows = unfold(x, sliding, &positions(1, sliding.kernel, sliding.kernel), &positions(C, rows, columns))?;
    let largest = windows.try_max::<(usize, usize), Axis<0>>()?;
    let largest = largest.try_permute::<(usize, usize), Axes2<1, 0>>()?;
    largest.try_reshape_like(&(batch, Const::<C>, rows, columns))
}

/// All (channel, row, column), in order.
#[cfg(feature = "cuda")]
fn positions(channels: usize, rows: usize, columns: usize) -> Vec<(usize, usize, usize)> {
    (0..channels).flat_map(|c| (0..rows).flat_map(move |i| (0..columns).map(move |j| (c, i, j)))).collect()
}
