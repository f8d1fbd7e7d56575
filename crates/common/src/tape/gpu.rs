//! Batches on a GPU are dfdx tensors; each layer is composed of dfdx's own operations, and bits are not promised.

use super::{Device, DeviceError, Images, Tensor};
use dfdx::{
    shapes::{Axes2, Axis, Dim, HasShape, Shape},
    tensor::{NoneTape, PutTape, Tape, TensorFromVec},
    tensor_ops::{BroadcastTo, GatherTo, PermuteTo, ReshapeTo, TryMul},
};

/// A batch between two layers.
pub type Flow<S, T = NoneTape> = Tensor<S, T>;

/// A batch of rows, with an empty tape.
pub(super) fn constant<S: Shape, T: Tape<f32, Device>>(
    device: &Device,
    values: &[f32],
    shape: S,
) -> Result<Flow<S, T>, DeviceError> {
    Ok(device.try_tensor_from_vec(values.to_vec(), shape)?.put_tape(T::default()))
}

/// A batch: a dfdx tensor.
pub trait Batch: Sized {
    /// Its shape.
    type Shape: Shape;
    /// Its tape.
    type Tape: Tape<f32, Device>;

    /// The tensor.
    fn tensor(self) -> Tensor<Self::Shape, Self::Tape>;

    /// The batch that a tensor is.
    fn of(tensor: Tensor<Self::Shape, Self::Tape>) -> Self;
}

impl<S: Shape, T: Tape<f32, Device>> Batch for Tensor<S, T> {
    type Shape = S;
    type Tape = T;

    fn tensor(self) -> Self {
        self
    }

    fn of(tensor: Self) -> Self {
        tensor
    }
}

/// How a kernel or window moves over an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sliding {
    /// Rows and columns of the kernel or window.
    pub(super) kernel: usize,
    /// Positions between two neighbouring results.
    pub(super) stride: usize,
    /// Zeros around the image, on every side.
    pub(super) padding: usize,
}

impl Sliding {
    /// Results along a side of `length` values.
    pub(super) fn results(self, length: usize) -> usize {
        (length + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// Lists for every place of a kernel and every result the value of the image that meets there: taps × results × batch.
pub(super) fn unfold<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
    outer: &[(usize, usize, usize)],
    inner: &[(usize, usize, usize)],
) -> Result<Tensor<(usize, usize, usize), T>, DeviceError> {
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

/// All (channel, row, column), in order.
pub(super) fn positions(channels: usize, rows: usize, columns: usize) -> Vec<(usize, usize, usize)> {
    (0..channels).flat_map(|c| (0..rows).flat_map(move |i| (0..columns).map(move |j| (c, i, j)))).collect()
}
