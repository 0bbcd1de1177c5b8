import { basename, relative } from 'node:path'
import { parseKeyTransition } from '../../core/key-transition.ts'
import { transitionPath } from '../../core/artefact-names.ts'
import { canDigest, digestBytes, digestFile } from '../../node/file-digest.ts'
import { absolutePath } from '../../node/file-path.ts'
import { artefactOf, type Handed } from '../steps/handed.ts'
import { isFileAt, manifestAt, manifestBytesAt, parseArtefact, readArtefact } from './artefact.ts'

/** Files of this machine, by their paths. */
export const handedFiles: Handed = {
  artefact: readArtefact,
  manifest: manifestAt,
  manifestBytes: async (path) => manifestBytesAt(path),
  digests: digestFile,
  digestsOf: digestBytes,
  canDigest,
  transitionBeside: (evidence) => {
    const path = transitionPath(artefactOf(evidence))
    return isFileAt(path) ? parseArtefact(path, parseKeyTransition) : undefined
  },
  baseName: (path) => basename(path),
  pathWithin: (folder, path) => relative(folder, absolutePath(path)),
}
