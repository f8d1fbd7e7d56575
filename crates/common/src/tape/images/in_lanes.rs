//! Images on a CPU: their values lie in lanes and are shared, not copied, by the operations that read them; a token on the tape collects their gradient.

use super::super::{
    Device, DeviceError, Tensor,
    adapter::{Batch, InputKey, OutputKey},
    memory::Buffer,
};
use crate::layers::Shape;
use dfdx::{
    shapes::{Dim, Rank0},
    tensor::{Gradients, NoneTape, PutTape, SplitTape, Tape, ZerosTensor},
};
use std::sync::Arc;

/// A batch of images with `C` channels, [in lanes](crate::kernels::lanes).
#[derive(Debug, Clone)]
pub struct Images<B: Dim, const C: usize, T = NoneTape> {
    form: Form<B>,
    values: Arc<Buffer>,
    /// Its gradient has as many values as the images.
    token: Tensor<Rank0, T>,
}

/// What the values of images do not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<B> {
    pub(in super::super) batch: B,
    pub(in super::super) height: usize,
    pub(in super::super) width: usize,
    /// Whether anybody asks for the gradient.
    pub(in super::super) is_tracked: bool,
}

impl<B> Form<B> {
    /// The shape of an image with so many channels.
    pub(in super::super) fn sample(&self, channels: usize) -> Shape {
        Shape::Image { channels, height: self.height, width: self.width }
    }
}

impl<B: Dim, const C: usize, T> Images<B, C, T> {
    /// The values, in lanes.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub(in super::super) fn form(&self) -> Form<B> {
        self.form
    }

    pub(in super::super) fn sample(&self) -> Shape {
        self.form.sample(C)
    }

    pub(in super::super) fn device(&self) -> &Device {
        self.token.device()
    }
}

/// What the gradient of images is filed under.
#[derive(Debug, Clone)]
pub(crate) struct ImageKey<B, const C: usize> {
    form: Form<B>,
    token: Tensor<Rank0>,
}

impl<B: Dim, const C: usize, T: Tape<f32, Device>> Batch for Images<B, C, T> {
    type Tape = T;
    type Key = ImageKey<B, C>;

    fn split(self) -> (Arc<Buffer>, Self::Key, T) {
        let (token, tape) = self.token.split_tape();
        (self.values, ImageKey { form: self.form, token }, tape)
    }
}

impl<B: Dim, const C: usize> InputKey for ImageKey<B, C> {
    fn add(
        &self,
        gradients: &mut Gradients<f32, Device>,
        n: usize,
        backward: impl FnOnce(Option<&mut [f32]>),
    ) -> Result<(), DeviceError> {
        if !self.form.is_tracked {
            backward(None);
            return Ok(());
        }
        let sum = gradients.get_or_alloc_mut(&self.token)?;
        if sum.len() == n {
            let mut gradient = Buffer::of(n);
            backward(Some(&mut gradient));
            super::super::adapter::accumulate(sum, &gradient);
        } else {
            **sum = Buffer::of(n).into_values();
            backward(Some(sum));
        }
        Ok(())
    }
}

impl<B: Dim, const C: usize> OutputKey for ImageKey<B, C> {
    type On<T: Tape<f32, Device>> = Images<B, C, T>;
    type Form = Form<B>;

    fn make(device: &Device, values: Buffer, form: Form<B>) -> Result<(Self, Arc<Buffer>), DeviceError> {
        Ok((Self { form, token: device.try_zeros()? }, Arc::new(values)))
    }

    fn on<T: Tape<f32, Device>>(self, values: Arc<Buffer>, tape: T) -> Images<B, C, T> {
        Images { form: self.form, values, token: self.token.put_tape(tape) }
    }

    fn values(&self, shared: &Arc<Buffer>) -> Arc<Buffer> {
        Arc::clone(shared)
    }

    fn take(&self, gradients: &mut Gradients<f32, Device>) -> Result<Buffer, DeviceError> {
        Ok(std::mem::take(&mut **gradients.get_or_alloc_mut(&self.token)?).into())
    }
}
