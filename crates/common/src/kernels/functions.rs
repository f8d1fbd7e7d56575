//! placeholder while the real ones are being made
#![allow(missing_docs)]
use crate::kernels::isa::Isa;
fn each(x:&[f32],y:&mut[f32],f:impl Fn(f64)->f64){for(y,x) in y.iter_mut().zip(x){*y=f(f64::from(*x)) as f32;}}
pub fn exp(x:f32)->f32{libm::exp(f64::from(x)) as f32}
pub fn ln(x:f32)->f32{libm::log(f64::from(x)) as f32}
pub fn exp_slice(_:Isa,x:&[f32],y:&mut[f32]){each(x,y,libm::exp)}
pub fn ln_slice(_:Isa,x:&[f32],y:&mut[f32]){each(x,y,libm::log)}
pub fn logistic_slice(_:Isa,x:&[f32],y:&mut[f32]){each(x,y,|x|1.0/(1.0+libm::exp(-x)))}
pub fn tanh_slice(_:Isa,x:&[f32],y:&mut[f32]){each(x,y,libm::tanh)}
pub fn softplus_slice(_:Isa,x:&[f32],y:&mut[f32]){each(x,y,|x|x.max(0.0)+libm::log1p(libm::exp(-x.abs())))}
pub fn elu_slice(_:Isa,x:&[f32],a:f32,y:&mut[f32]){each(x,y,|x|if x>0.0{x}else{f64::from(a)*libm::expm1(x)})}
pub fn swish_slice(_:Isa,x:&[f32],b:f32,y:&mut[f32]){each(x,y,|x|x/(1.0+libm::exp(-x*f64::from(b))))}
pub fn log_sum_exp(x:&[f32])->f32{let m=x.iter().copied().fold(f32::NEG_INFINITY,f32::max);(f64::from(m)+libm::log(x.iter().map(|x|libm::exp(f64::from(*x-m))).sum::<f64>())) as f32}
