//! The 255 colours that stand for all colours of an animation.

use std::collections::BTreeMap;

type Rgb = [u8; 3];

/// Colours in a palette; the 256th index of a GIF means "as before".
pub(super) const COLORS: usize = 255;

/// A colour's weight is the number of its pixels, but not more than this: a large plain area needs no finer colours than a small one.
const MOST: u64 = 2000;

/// A fixed set of colours, and for every colour counted the nearest of them.
pub(super) struct Palette {
    pub(super) colors: Vec<Rgb>,
    nearest: BTreeMap<Rgb, u8>,
}

/// How many pixels have each colour.
#[derive(Debug, Default)]
pub(super) struct Census(BTreeMap<Rgb, u64>);

impl Census {
    pub(super) fn count(&mut self, pixels: impl IntoIterator<Item = Rgb>) {
        for pixel in pixels {
            *self.0.entry(pixel).or_default() += 1;
        }
    }

    /// Chooses the palette: again and again, the group of colours with the largest squared deviation from its mean is cut at the mean
    /// of its most scattered channel. All in integers, so there is nothing to round differently.
    pub(super) fn palette(&self) -> Palette {
        let all = self.0.iter().map(|(&color, &count)| (color, count.min(MOST))).collect();
        let mut groups: Vec<Group> = vec![Group::new(all)];
        while groups.len() < COLORS {
            // The first of several.
            let worst = (0..groups.len()).rev().max_by_key(|&i| groups[i].error()).unwrap_or(0);
            if groups[worst].error() == 0 {
                break;
            }
            let (low, high) = groups.swap_remove(worst).cut();
            groups.push(low);
            groups.push(high);
        }
        let colors: Vec<Rgb> = groups.iter().filter(|group| !group.colors.is_empty()).map(Group::mean).collect();
        let nearest = self.0.keys().map(|&color| (color, nearest(&colors, color))).collect();
        Palette { colors, nearest }
    }
}

impl Palette {
    /// The palette's index for a colour.
    pub(super) fn index(&self, color: Rgb) -> u8 {
        self.nearest.get(&color).copied().unwrap_or_else(|| nearest(&self.colors, color))
    }
}

/// The first of the nearest colours.
fn nearest(colors: &[Rgb], color: Rgb) -> u8 {
    let distance = |other: &Rgb| (0..3).map(|i| u32::from(other[i].abs_diff(color[i])).pow(2)).sum::<u32>();
    let index = (0..colors.len()).min_by_key(|&i| distance(&colors[i])).unwrap_or_default();
    index as u8
}

/// Some colours with their weights.
struct Group {
    colors: Vec<(Rgb, u64)>,
    weight: u64,
    /// Weighted sums of each channel and of its square.
    sums: [u64; 3],
    squares: [u64; 3],
}

impl Group {
    fn new(colors: Vec<(Rgb, u64)>) -> Self {
        let (mut weight, mut sums, mut squares) = (0, [0; 3], [0; 3]);
        for (color, count) in &colors {
            weight += count;
            for i in 0..3 {
                let value = u64::from(color[i]);
                sums[i] += count * value;
                squares[i] += count * value * value;
            }
        }
        Self { colors, weight, sums, squares }
    }

    /// The weighted squared deviation of a channel from its mean, rounded up.
    fn scatter(&self, channel: usize) -> u64 {
        let sum = u128::from(self.sums[channel]);
        let of_mean = sum * sum / u128::from(self.weight.max(1));
        self.squares[channel] - u64::try_from(of_mean).unwrap_or(self.squares[channel])
    }

    fn error(&self) -> u64 {
        if self.colors.len() < 2 { 0 } else { (0..3).map(|channel| self.scatter(channel)).sum() }
    }

    fn cut(self) -> (Self, Self) {
        let channel = (0..3).rev().max_by_key(|&channel| self.scatter(channel)).unwrap_or_default();
        let (weight, sum) = (self.weight, self.sums[channel]);
        let (low, high) = self.colors.into_iter().partition(|(color, _)| u64::from(color[channel]) * weight <= sum);
        (Self::new(low), Self::new(high))
    }

    fn mean(&self) -> Rgb {
        self.sums.map(|sum| ((sum + self.weight / 2) / self.weight.max(1)) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colors_are_kept_as_they_are() {
        let colors = [[0, 0, 0], [255, 255, 255], [1, 2, 3], [142, 0, 77]];
        let mut census = Census::default();
        census.count(colors.iter().flat_map(|&color| [color; 7]));
        let palette = census.palette();
        assert_eq!(palette.colors.len(), 4);
        for color in colors {
            assert_eq!(palette.colors[usize::from(palette.index(color))], color);
        }
    }

    #[test]
    fn many_colors_each_have_a_near_one() {
        let all = || (0..64u8).flat_map(|r| (0..64u8).map(move |g| [4 * r, 4 * g, 128]));
        let mut census = Census::default();
        census.count(all());
        let palette = census.palette();
        assert_eq!(palette.colors.len(), COLORS);
        for color in all() {
            let near = palette.colors[usize::from(palette.index(color))];
            assert!((0..3).all(|i| near[i].abs_diff(color[i]) <= 20), "{color:?} became {near:?}");
        }
    }
}
