import { fileBounds, readNamed } from '../../node/bounded-file.ts'
import { type Certificate, readPemCertificates } from '../../timestamp/certificate.ts'

/** Reads the PEM certificates of trusted time-stamping authorities; undefined where no path is given. Throws `file-unreadable`, `anchors-malformed`. */
export function readTrustAnchors(path: string | undefined): Certificate[] | undefined {
  return path === undefined
    ? undefined
    : readPemCertificates(readNamed(path, fileBounds.small).toString('latin1'), path)
}
