//! Matrix products.
//!
//! Contract: C[i,j] is one chain over the inner index p = 0, 1, 2, …, one fused multiply-add a step, from zero,
//! then one addition of the bias:
//!
//! c ← 0;  c ← fma(A[i,p], B[p,j], c) for p = 0 … k−1;  C[i,j] = c + bias[j]
//!
//! Idea of the fast version: a tile of C, up to 8 rows by 3 vectors, stays in registers while p runs; the tile's rows of
//! A and columns of B are packed side by side first, so that the inner loop reads memory straight on. Lanes run
//! across columns of C, never along p. The inner index is cut every [`DEPTH`] steps to keep the packed panels in
//! cache: the chains are stored and picked up again, which changes no bit. Products with few columns are computed
//! transposed, so that lanes run across rows. Large ones are split over threads by rows of C.
//!
//! Bound: arithmetic, for inner dimensions beyond about 50; the register tile does 24 multiply-adds for 11 loads.

use crate::kernels::{fused::fused_multiply_add, isa::Isa};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Steps of the inner index between two visits to C.
const DEPTH: usize = 256;
/// Rows of the largest register tile.
const MAX_ROWS: usize = 8;
/// Vectors in a row of the largest register tile.
const MAX_VECTORS: usize = 3;
/// Lanes of the widest vector.
const MAX_LANES: usize = 16;
/// Multiply-adds below which a product stays on one thread: about 20 µs of work.
const PARALLEL_FROM: usize = 1 << 20;

/// A matrix seen through strides: rows × columns, element (i, j) at `i * row_stride + j * column_stride`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> View<'a> {
    /// A row-major matrix of `rows` × `columns`.
    ///
    /// # Panics
    /// If `data` does not hold exactly `rows * columns` values.
    #[must_use]
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a {rows} x {columns} matrix");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose, without moving data.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.data[row * self.row_stride + column * self.column_stride]
    }

    /// Rows `first .. first + count`.
    fn row_range(self, first: usize, count: usize) -> Self {
        Self { data: &self.data[first * self.row_stride..], rows: count, ..self }
    }

    /// Copies `tile.rows` × `tile.columns` from (`row`, `column`) on into `panel`, column after column, `height` apart;
    /// what lies outside the matrix becomes zero.
    fn pack(&self, (row, rows): (usize, usize), (column, columns): (usize, usize), height: usize, panel: &mut [f32]) {
        let inside = rows.min(height);
        for (offset, slot) in panel.chunks_exact_mut(height).take(columns).enumerate() {
            let start = row * self.row_stride + (column + offset) * self.column_stride;
            if self.row_stride == 1 {
                slot[..inside].copy_from_slice(&self.data[start..start + inside]);
            } else {
                for (i, value) in slot[..inside].iter_mut().enumerate() {
                    *value = self.data[start + i * self.row_stride];
                }
            }
            slot[inside..].fill(0.0);
        }
    }
}

/// The contract itself: C = A·B + bias, one element after the other.
pub fn reference(a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    for i in 0..a.rows {
        for j in 0..b.columns {
            let chain = (0..a.columns).fold(0.0f32, |sum, p| a.at(i, p).mul_add(b.at(p, j), sum));
            c[i * b.columns + j] = bias.map_or(chain, |bias| chain + bias[j]);
        }
    }
}

/// Computes C = A·B, or C = A·B + bias with the bias added to every row.
///
/// | tensor | shape |
/// | --- | --- |
/// | `a` | m × k |
/// | `b` | k × n |
/// | `bias` | n |
/// | `c` | m × n, row-major, overwritten |
///
/// # Panics
/// If the shapes do not fit together.
pub fn matmul(isa: Isa, a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    assert_eq!(a.columns, b.rows, "inner dimensions of a product");
    assert_eq!(c.len(), a.rows * b.columns, "size of a product");
    assert!(bias.is_none_or(|bias| bias.len() == b.columns), "one bias a column");
    let threads = rayon::current_num_threads();
    if threads == 1 || a.rows < 2 * MAX_ROWS || a.rows * a.columns * b.columns < PARALLEL_FROM {
        isa.dispatch(Block { a, b, bias, c });
        return;
    }
    let rows = a.rows.div_ceil(threads).next_multiple_of(MAX_ROWS);
    c.par_chunks_mut(rows * b.columns).enumerate().for_each(|(chunk, c)| {
        let a = a.row_range(chunk * rows, c.len() / b.columns);
        isa.dispatch(Block { a, b, bias, c });
    });
}

/// One thread's share of a product: some rows of C.
struct Block<'a> {
    a: View<'a>,
    b: View<'a>,
    bias: Option<&'a [f32]>,
    c: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, b, bias, c } = self;
        let (m, n) = (a.rows, b.columns);
        if m == 0 || n == 0 {
            return;
        }
        // fma(x, y, c) = fma(y, x, c): the transposed product has the same bits.
        if n < S::F32_LANES && m > n {
            let target = Target { c, row_stride: 1, column_stride: n };
            tiles(simd, b.transposed(), a.transposed(), target);
        } else {
            tiles(simd, a, b, Target { c, row_stride: n, column_stride: 1 });
        }
        if let Some(bias) = bias {
            for row in c.chunks_exact_mut(n) {
                for (c, b) in row.iter_mut().zip(bias) {
                    *c += b;
                }
            }
        }
    }
}

/// Where the tiles go: C, possibly transposed.
struct Target<'a> {
    c: &'a mut [f32],
    row_stride: usize,
    column_stride: usize,
}

/// A tile of C on its way between memory and registers.
type Tile = [f32; MAX_ROWS * MAX_VECTORS * MAX_LANES];

impl Target<'_> {
    fn load(&self, (row, rows): (usize, usize), (column, columns): (usize, usize), width: usize, tile: &mut Tile) {
        for i in 0..rows {
            for j in 0..columns {
                tile[i * width + j] = self.c[(row + i) * self.row_stride + (column + j) * self.column_stride];
            }
        }
    }

    #[inline(always)]
    fn store(&mut self, (row, rows): (usize, usize), (column, columns): (usize, usize), width: usize, tile: &Tile) {
        for i in 0..rows {
            let start = (row + i) * self.row_stride + column * self.column_stride;
            let values = &tile[i * width..][..columns];
            if self.column_stride == 1 {
                self.c[start..start + columns].copy_from_slice(values);
            } else {
                for (j, value) in values.iter().enumerate() {
                    self.c[start + j * self.column_stride] = *value;
                }
            }
        }
    }
}

/// Walks over C tile by tile.
#[inline(always)]
fn tiles<S: Simd>(simd: S, a: View, b: View, mut target: Target) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    // A 16-register file holds 4 × 3 chains, a 32-register file 8 × 3.
    let tallest = if S::F32_LANES == MAX_LANES { MAX_ROWS } else { MAX_ROWS / 2 };
    let depth = k.min(DEPTH);
    let widest = MAX_VECTORS * S::F32_LANES;
    let mut b_panel = vec![0.0; depth * widest.min(n.next_multiple_of(S::F32_LANES))];
    let mut a_panel = vec![0.0; depth * tallest.min(m.next_power_of_two())];
    let mut tile: Tile = [0.0; MAX_ROWS * MAX_VECTORS * MAX_LANES];
    let mut column = 0;
    while column < n {
        let columns = (n - column).min(widest);
        let vectors = columns.div_ceil(S::F32_LANES);
        let width = vectors * S::F32_LANES;
        let mut first = 0;
        loop {
            let steps = (k - first).min(DEPTH);
            let b_panel = &mut b_panel[..steps * width];
            b.transposed().pack((column, columns), (first, steps), width, b_panel);
            let mut row = 0;
            while row < m {
                let rows = (m - row).min(tallest);
                let height = rows.next_power_of_two();
                let a_panel = &mut a_panel[..steps * height];
                a.pack((row, rows), (first, steps), height, a_panel);
                if first == 0 {
                    tile.fill(0.0);
                } else {
                    target.load((row, rows), (column, columns), width, &mut tile);
                }
                run_tile(simd, (height, vectors), a_panel, b_panel, &mut tile);
                target.store((row, rows), (column, columns), width, &tile);
                row += rows;
            }
            first += steps;
            if first >= k {
                break;
            }
        }
        column += columns;
    }
}

/// Chooses the register tile of the given height and number of vectors.
#[inline(always)]
fn run_tile<S: Simd>(simd: S, shape: (usize, usize), a: &[f32], b: &[f32], tile: &mut Tile) {
    match shape {
        (8, 3) => chains::<S, 8, 3>(simd, a, b, tile),
        (8, 2) => chains::<S, 8, 2>(simd, a, b, tile),
        (8, _) => chains::<S, 8, 1>(simd, a, b, tile),
        (4, 3) => chains::<S, 4, 3>(simd, a, b, tile),
        (4, 2) => chains::<S, 4, 2>(simd, a, b, tile),
        (4, _) => chains::<S, 4, 1>(simd, a, b, tile),
        (2, 3) => chains::<S, 2, 3>(simd, a, b, tile),
        (2, 2) => chains::<S, 2, 2>(simd, a, b, tile),
        (2, _) => chains::<S, 2, 1>(simd, a, b, tile),
        (_, 3) => chains::<S, 1, 3>(simd, a, b, tile),
        (_, 2) => chains::<S, 1, 2>(simd, a, b, tile),
        _ => chains::<S, 1, 1>(simd, a, b, tile),
    }
}

/// Runs `ROWS` × `VECTORS` vectors of chains along the packed panels.
#[inline(always)]
fn chains<S: Simd, const ROWS: usize, const VECTORS: usize>(simd: S, a: &[f32], b: &[f32], tile: &mut Tile) {
    let mut chain = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let (tile, _) = S::as_mut_simd_f32s(tile);
    for (chain, tile) in chain.iter_mut().zip(tile.chunks_exact(VECTORS)) {
        chain.copy_from_slice(tile);
    }
    let (b, _) = S::as_simd_f32s(b);
    for (a, b) in a.chunks_exact(ROWS).zip(b.chunks_exact(VECTORS)) {
        for i in 0..ROWS {
            let a = simd.splat_f32s(a[i]);
            for v in 0..VECTORS {
                chain[i][v] = multiply_add(simd, a, b[v], chain[i][v]);
            }
        }
    }
    for (chain, tile) in chain.iter().zip(tile.chunks_exact_mut(VECTORS)) {
        tile.copy_from_slice(chain);
    }
}

/// fma(a, b, c) in every lane; on one lane, where the hardware may have none, the emulated one.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == 1 {
        let lane = |x| simd.reduce_sum_f32s(x);
        simd.splat_f32s(fused_multiply_add(lane(a), lane(b), lane(c)))
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Values of many magnitudes, so that a wrong order of additions shows.
    fn values(n: usize, stream: &mut Stream) -> Vec<f32> {
        (0..n).map(|_| stream.normal(0.0, 1.0) * [1.0, 1e-3, 1e3][stream.below(3) as usize]).collect()
    }

    #[track_caller]
    fn check(m: usize, k: usize, n: usize) {
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
                    matmul(isa, a, b, bias, &mut c);
                    let same = c.iter().zip(&expected).all(|(c, e)| c.to_bits() == e.to_bits());
                    assert!(same, "{m} x {k} x {n}, form {form}, {isa}: differs from the reference");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_reference() {
        // Around every edge: tiles of 1, 2, 4, 8 rows, vectors of 1, 8, 16 lanes, three vectors, the depth of a panel.
        for m in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33] {
            for n in [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 97] {
                for k in [1, 2, 5, 17] {
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
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                check(64, 300, 100);
                check(331, 65, 67);
                check(2000, 70, 10);
            });
        }
    }

    #[test]
    fn an_empty_inner_dimension_gives_the_bias() {
        let mut c = [f32::NAN; 6];
        matmul(Isa::best(), View::new(&[], 2, 0), View::new(&[], 0, 3), Some(&[1.0, 2.0, 3.0]), &mut c);
        assert_eq!(c, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    }
}
