//! PaddlePaddle's CPU permutations: `mt19937_64`, seeded by a `seed_seq` of one number, and libstdc++'s `shuffle`.

/// A random order of 0 .. `n`, as `paddle.randperm(n)` gives first after `paddle.seed(seed)`.
///
/// libstdc++ draws two places from one number: for even n first one swap of the second element, then pairs.
///
/// # Panics
/// If `n` is odd: only even sizes are needed.
#[must_use]
pub fn permutation(seed: u64, n: usize) -> Vec<usize> {
    assert!(n.is_multiple_of(2), "a permutation of an even number of elements");
    let mut engine = Engine::new(seed as u32);
    let mut order: Vec<usize> = (0..n).collect();
    if n == 0 {
        return order;
    }
    order.swap(1, engine.below(2) as usize);
    for i in (2..n).step_by(2) {
        let both = engine.below((i as u64 + 1) * (i as u64 + 2));
        order.swap(i, (both / (i as u64 + 2)) as usize);
        order.swap(i + 1, (both % (i as u64 + 2)) as usize);
    }
    order
}

/// Words of the engine's state.
const WORDS: usize = 312;
/// Distance of the word that a new word is mixed with.
const SHIFT: usize = 156;

/// The 64-bit Mersenne twister.
struct Engine {
    state: [u64; WORDS],
    next: usize,
}

impl Engine {
    fn new(seed: u32) -> Self {
        let halves = seed_sequence::<{ 2 * WORDS }>(seed);
        let state = std::array::from_fn(|i| u64::from(halves[2 * i]) | u64::from(halves[2 * i + 1]) << 32);
        Self { state, next: WORDS }
    }

    fn twist(&mut self) {
        const UPPER: u64 = !0 << 31;
        for i in 0..WORDS {
            let y = (self.state[i] & UPPER) | (self.state[(i + 1) % WORDS] & !UPPER);
            let mixed = (y >> 1) ^ if y & 1 == 1 { 0xb5026f5aa96619e9 } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % WORDS] ^ mixed;
        }
        self.next = 0;
    }

    fn draw(&mut self) -> u64 {
        if self.next == WORDS {
            self.twist();
        }
        let mut x = self.state[self.next];
        self.next += 1;
        x ^= (x >> 29) & 0x5555555555555555;
        x ^= (x << 17) & 0x71d67fffeda60000;
        x ^= (x << 37) & 0xfff7eee000000000;
        x ^ (x >> 43)
    }

    /// A whole number below `bound`, by libstdc++'s division with rejection.
    fn below(&mut self, bound: u64) -> u64 {
        let scale = u64::MAX / bound;
        loop {
            let x = self.draw();
            if x < bound * scale {
                return x / scale;
            }
        }
    }
}

/// `std::seed_seq{seed}.generate` of `N` ≥ 623 words.
fn seed_sequence<const N: usize>(seed: u32) -> [u32; N] {
    let mut words = [0x8b8b8b8bu32; N];
    let mixed = |x: u32| x ^ (x >> 27);
    let (shift, lag) = ((N - 11) / 2, 11);
    for k in 0..N {
        let (a, b, c) = (k, (k + shift) % N, (k + N - 1) % N);
        let r1 = mixed(words[a] ^ words[b] ^ words[c]).wrapping_mul(1664525);
        let r2 = r1.wrapping_add(match k {
            0 => 1,
            1 => 1u32.wrapping_add(seed),
            _ => k as u32,
        });
        words[b] = words[b].wrapping_add(r1);
        words[(k + shift + lag) % N] = words[(k + shift + lag) % N].wrapping_add(r2);
        words[a] = r2;
    }
    for k in 0..N {
        let (a, b, c) = (k, (k + shift) % N, (k + N - 1) % N);
        let r3 = mixed(words[a].wrapping_add(words[b]).wrapping_add(words[c])).wrapping_mul(1566083941);
        let r4 = r3.wrapping_sub(k as u32);
        words[b] ^= r3;
        words[(k + shift + lag) % N] ^= r4;
        words[a] = r4;
    }
    words
}
