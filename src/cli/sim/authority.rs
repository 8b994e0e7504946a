//! The certificate authority of earlier runs, in a folder: `ca.crt` and `ca.key`, as kubeadm names them.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use super::usage;
use crate::{domain::failure::Failure, sim::world::Authority};

/// The authority of a folder, made there if the folder is new or empty.
///
/// # Errors
/// The folder has only half of it, something else under these names, or cannot be read or written.
pub fn of(folder: &Path) -> Result<Authority, Failure> {
    let (certificate, key) = (folder.join("ca.crt"), folder.join("ca.key"));
    if !certificate.exists() && !key.exists() {
        return make(folder).map_err(|error| unusable(folder, &error.to_string()));
    }
    let read = |file: &Path| {
        fs::read_to_string(file).map_err(|error| unusable(folder, &format!("{}: {error}", file.display())))
    };
    let kept = Authority::kept(&read(&certificate)?, &read(&key)?)
        .map_err(|error| unusable(folder, &format!("ca.key: {error}")))?;
    if !kept.is_whole() {
        return Err(unusable(folder, "ca.key is not the key of ca.crt"));
    }
    Ok(kept)
}

fn make(folder: &Path) -> io::Result<Authority> {
    let made = Authority::new().map_err(io::Error::other)?;
    fs::create_dir_all(folder)?;
    write_key(&folder.join("ca.key"), &made.key())?;
    fs::write(folder.join("ca.crt"), made.certificate())?;
    Ok(made)
}

/// Nobody else may read it, from the first byte on.
fn write_key(file: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

fn unusable(folder: &Path, why: &str) -> Failure {
    let help = "Name a folder that --authority made, or a new one";
    usage(format!("cannot take the certificate authority from {}", folder.display()), why, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new");
        let made = of(&place).unwrap();
        let kept = of(&place).unwrap();
        assert_eq!((kept.data(), kept.key()), (made.data(), made.key()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(place.join("ca.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn half_of_it_or_another_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        of(place).unwrap();
        fs::write(place.join("ca.key"), Authority::new().unwrap().key()).unwrap();
        assert!(of(place).err().unwrap().to_string().contains("not the key of ca.crt"));
        fs::write(place.join("ca.key"), "nothing").unwrap();
        assert!(of(place).err().unwrap().to_string().contains("ca.key: "));
        fs::remove_file(place.join("ca.key")).unwrap();
        assert!(of(place).err().unwrap().to_string().contains("ca.key"));
    }
}
