//! The IDX format: a magic number that gives the type and the number of dimensions, the dimensions, the bytes.

use super::N_DIGITS;
use crate::files;
use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use std::{
    io::{BufRead, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

/// What to do about a file that is missing or damaged.
pub const CURE: &str = "restore it with `cargo xtask fetch-data` or, in a clone, with `git checkout -- data/mnist`";

/// A published IDX file of unsigned bytes: images if it has three dimensions, labels if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its name without `.gz`.
    pub name: &'static str,
    /// The number of images or labels, then the height and the width of an image.
    pub dimensions: &'static [usize],
    /// The SHA-256 of the uncompressed bytes, in hexadecimal.
    pub sha256: &'static str,
}

impl File {
    /// The name of the compressed file.
    #[must_use]
    pub fn compressed_name(&self) -> String {
        format!("{}.gz", self.name)
    }

    /// Reads the file from `folder`: the compressed one or, where there is none, the uncompressed one; gives the bytes behind its header.
    ///
    /// # Errors
    /// If it is missing, cut off, too long, of another kind or size, holds a label that is no digit, or differs from the published file in
    /// any bit.
    pub fn read(&self, folder: &Path) -> Result<Vec<u8>> {
        let (path, is_compressed) = self.find(folder).with_context(|| {
            format!(
                "expected the file {}, found neither it nor {}: {CURE}, or name the folder that holds mnist/ with --data-dir",
                folder.join(self.compressed_name()).display(),
                self.name
            )
        })?;
        let file = files::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = BufReader::with_capacity(1 << 16, file);
        let bytes = if is_compressed { self.parse_compressed(file) } else { self.take(file).and_then(|bytes| self.parse(bytes)) };
        bytes.map_err(|error| anyhow!("{}: {error:#}: {CURE}", path.display()))
    }

    /// Where the file is, and whether it is compressed: as published, or as other tools name and place it once it is unpacked. What is in it is
    /// checked in any case.
    fn find(&self, folder: &Path) -> Option<(PathBuf, bool)> {
        // 7-Zip and Kaggle write the name that the compressed file remembers, with a point, Kaggle in a folder of that name; torchvision has
        // MNIST/raw/.
        let names = [self.name.to_owned(), self.name.replace("-idx", ".idx")];
        let folders = [folder.to_owned(), folder.join("raw"), folder.with_file_name("MNIST").join("raw")];
        let places = folders.iter().flat_map(|folder| names.iter().map(move |name| (folder, name)));
        let candidates = places.flat_map(|(folder, name)| {
            let inside = names.each_ref().map(|inner| (folder.join(name).join(inner), false));
            [(folder.join(format!("{name}.gz")), true), (folder.join(name), false)].into_iter().chain(inside)
        });
        candidates.into_iter().find(|(path, _)| path.exists() && !path.is_dir())
    }

    /// The bytes behind the header of a compressed file.
    ///
    /// # Errors
    /// If it is not the published file, as [`File::read`].
    pub fn parse_compressed(&self, compressed: impl BufRead) -> Result<Vec<u8>> {
        self.parse(self.decompress(compressed)?)
    }

    /// Bytes of the header: the magic number and one number a dimension.
    fn header(&self) -> usize {
        4 * (1 + self.dimensions.len())
    }

    /// Bytes of the uncompressed file.
    fn size(&self) -> usize {
        self.header() + self.dimensions.iter().product::<usize>()
    }

    fn decompress(&self, source: impl BufRead) -> Result<Vec<u8>> {
        let mut decoder = GzDecoder::new(source);
        let bytes = self.take(&mut decoder)?;
        // Who was asked for more than there is has come to the end of the gzip data, and checked them.
        let ends = bytes.len() > self.size() || decoder.into_inner().fill_buf()?.is_empty();
        ensure!(ends, "expected the end of the file behind the gzip data, found more");
        Ok(bytes)
    }

    /// Reads to the end, but no more than one byte too many.
    fn take(&self, source: impl Read) -> Result<Vec<u8>> {
        let size = self.size();
        let mut bytes = Vec::with_capacity(size + 1);
        let Err(error) = source.take(size as u64 + 1).read_to_end(&mut bytes) else { return Ok(bytes) };
        let n = bytes.len();
        match error.kind() {
            ErrorKind::UnexpectedEof => bail!("expected gzip data of {size} bytes, found their end after {n}"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                bail!("expected gzip data of {size} bytes, found after {n} of them: {error}")
            }
            _ => Err(error).context("cannot be read"),
        }
    }

    /// Checks an uncompressed file; gives the bytes behind its header.
    fn parse(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
        self.check_structure(&bytes)?;
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(
            sha256 == self.sha256,
            "SHA-256 of the payload differs (expected {}, found {sha256}): the file is damaged",
            self.sha256
        );
        bytes.drain(..self.header());
        Ok(bytes)
    }

    fn check_structure(&self, bytes: &[u8]) -> Result<()> {
        let numbers: Vec<u32> =
            bytes.as_chunks().0.iter().take(1 + self.dimensions.len()).map(|number| u32::from_be_bytes(*number)).collect();
        // Type 8 is unsigned bytes.
        let magic = 0x0800 | self.dimensions.len() as u32;
        if let Some(&found) = numbers.first() {
            ensure!(found == magic, "expected the magic number {magic:#010x}, found {found:#010x}");
        }
        ensure!(numbers.len() > self.dimensions.len(), "expected a header of {} bytes, found {}", self.header(), bytes.len());
        let found: Vec<usize> = numbers[1..].iter().map(|&number| number as usize).collect();
        ensure!(found == self.dimensions, "expected {}, found {}", describe(self.dimensions), describe(&found));
        let size = self.size();
        ensure!(bytes.len() <= size, "expected {size} bytes, found more");
        ensure!(bytes.len() == size, "expected {size} bytes, found {}", bytes.len());
        let labels = if self.dimensions.len() == 1 { &bytes[self.header()..] } else { &[] };
        if let Some(place) = labels.iter().position(|&label| usize::from(label) >= N_DIGITS) {
            bail!("label {place}: expected a digit from 0 to 9, found {}", labels[place]);
        }
        Ok(())
    }
}

/// `60000 images of 28 x 28 pixels`, or `60000 labels`.
fn describe(dimensions: &[usize]) -> String {
    match dimensions {
        [n, height, width] => format!("{n} images of {height} x {width} pixels"),
        [n] => format!("{n} labels"),
        _ => format!("{dimensions:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, bufread::GzEncoder};
    use proptest::prelude::*;
    use std::fs;

    /// The published file of a small world: two images of 2 x 3 pixels.
    fn images() -> (File, Vec<u8>) {
        publish(&[2, 2, 3], (0..12).collect())
    }

    fn labels() -> (File, Vec<u8>) {
        publish(&[5], vec![0, 9, 3, 3, 1])
    }

    fn publish(dimensions: &'static [usize], values: Vec<u8>) -> (File, Vec<u8>) {
        let header = std::iter::once(0x0800 | dimensions.len() as u32).chain(dimensions.iter().map(|&n| n as u32));
        let bytes: Vec<u8> = header.flat_map(u32::to_be_bytes).chain(values).collect();
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        (File { name: "idx", dimensions, sha256: sha256.leak() }, bytes)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut compressed = Vec::new();
        GzEncoder::new(bytes, Compression::fast()).read_to_end(&mut compressed).unwrap();
        compressed
    }

    /// Puts the bytes in a folder, under the one name or the other, and reads them as `file`.
    fn read(file: File, name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        file.read(folder.path())
            .map_err(|error| anyhow!(format!("{error:#}").replace(&folder.path().display().to_string(), "mnist")))
    }

    /// The same complaint of the uncompressed file and of the compressed one.
    #[track_caller]
    fn check(file: File, bytes: &[u8], complaint: &str) {
        for (name, bytes) in [("idx", bytes.to_vec()), ("idx.gz", gzip(bytes))] {
            let error = read(file, name, &bytes).unwrap_err().to_string();
            assert_eq!(error, format!("mnist/{name}: {complaint}: {CURE}"));
        }
    }

    #[test]
    fn the_bytes_behind_the_header_come_back() {
        for (file, bytes) in [images(), labels()] {
            assert_eq!(read(file, "idx", &bytes).unwrap(), bytes[file.header()..]);
            assert_eq!(read(file, "idx.gz", &gzip(&bytes)).unwrap(), bytes[file.header()..]);
        }
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        check(images().0, &labels().1, "expected the magic number 0x00000803, found 0x00000801");
        check(labels().0, &images().1, "expected the magic number 0x00000801, found 0x00000803");
        check(labels().0, b"<html>", "expected the magic number 0x00000801, found 0x3c68746d");
    }

    #[test]
    fn another_number_of_images_or_labels_is_refused() {
        let found = "expected 2 images of 2 x 3 pixels, found";
        check(images().0, &publish(&[3, 2, 3], vec![0; 18]).1, &format!("{found} 3 images of 2 x 3 pixels"));
        check(images().0, &publish(&[2, 3, 2], vec![0; 12]).1, &format!("{found} 2 images of 3 x 2 pixels"));
        check(labels().0, &publish(&[4], vec![0; 4]).1, "expected 5 labels, found 4 labels");
        check(labels().0, &publish(&[u32::MAX as usize], vec![0; 5]).1, "expected 5 labels, found 4294967295 labels");
    }

    #[test]
    fn a_file_cut_off_or_too_long_is_refused() {
        let (file, bytes) = images();
        check(file, &[], "expected a header of 16 bytes, found 0");
        check(file, &bytes[..15], "expected a header of 16 bytes, found 15");
        check(file, &bytes[..27], "expected 28 bytes, found 27");
        check(file, &[&bytes[..], &[0]].concat(), "expected 28 bytes, found more");
        check(file, &[&bytes[..], &[0; 1000]].concat(), "expected 28 bytes, found more");
    }

    #[test]
    fn a_label_that_is_no_digit_is_named() {
        check(labels().0, &publish(&[5], vec![0, 1, 10, 3, 255]).1, "label 2: expected a digit from 0 to 9, found 10");
    }

    #[test]
    fn another_payload_is_told_by_its_checksum() {
        let (file, mut bytes) = images();
        bytes[20] ^= 1;
        let (other, _) = publish(&[2, 2, 3], bytes[16..].to_vec());
        let found =
            format!("SHA-256 of the payload differs (expected {}, found {}): the file is damaged", file.sha256, other.sha256);
        check(file, &bytes, &found);
    }

    #[test]
    fn gzip_data_damaged_anywhere_are_refused() {
        let (file, bytes) = images();
        let whole = gzip(&bytes);
        for length in 0..whole.len() {
            let error = read(file, "idx.gz", &whole[..length]).unwrap_err().to_string();
            assert!(error.starts_with("mnist/idx.gz: expected ") && error.ends_with(CURE), "{length}: {error}");
        }
        // From the data on: flags and time in the header change nothing.
        for place in 10..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            assert!(read(file, "idx.gz", &damaged).is_err(), "byte {place}");
        }
        let error = read(file, "idx.gz", &[&whole[..], b"more"].concat()).unwrap_err().to_string();
        assert_eq!(error, format!("mnist/idx.gz: expected the end of the file behind the gzip data, found more: {CURE}"));
        let error = read(file, "idx.gz", &bytes).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("mnist/idx.gz: expected gzip data of 28 bytes, found after 0 of them: invalid gzip header: {CURE}")
        );
    }

    #[test]
    fn a_file_is_found_where_other_tools_put_it() {
        let (file, bytes) = images();
        let file = File { name: "train-images-idx3-ubyte", ..file };
        for place in [
            "mnist/train-images.idx3-ubyte",
            "mnist/train-images.idx3-ubyte/train-images.idx3-ubyte",
            "mnist/train-images-idx3-ubyte/train-images-idx3-ubyte",
            "mnist/train-images-idx3-ubyte/train-images.idx3-ubyte",
            "mnist/raw/train-images-idx3-ubyte",
            "MNIST/raw/train-images-idx3-ubyte",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &bytes).unwrap();
            let found = file.read(&folder.path().join("mnist")).map_err(|error| format!("{error:#}"));
            assert_eq!(found, Ok(bytes[file.header()..].to_vec()), "{place}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(images().0, "other", &[]).unwrap_err().to_string();
        let cure = format!("{CURE}, or name the folder that holds mnist/ with --data-dir");
        assert_eq!(error, format!("expected the file mnist/idx.gz, found neither it nor idx: {cure}"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for (file, _) in [images(), labels()] {
                prop_assert!(file.parse(bytes.clone()).is_err());
                prop_assert!(file.parse_compressed(&bytes[..]).is_err());
                prop_assert!(file.parse_compressed(&gzip(&bytes)[..]).is_err());
            }
        }

        #[test]
        fn any_change_of_a_byte_is_refused(place in 0usize..28, change in 1u8..) {
            let (file, mut bytes) = images();
            bytes[place] ^= change;
            prop_assert!(file.parse(bytes).is_err());
        }
    }
}
