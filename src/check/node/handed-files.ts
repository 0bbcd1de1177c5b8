import { basename, relative } from 'node:path'
import { canDigest, digestBytes, digestFile } from '../../node/file-digest.ts'
import { absolutePath } from '../../node/file-path.ts'
import type { Handed } from '../steps/handed.ts'
import { manifestAt, readArtefact } from './artefact.ts'
import { findTransition } from './transition.ts'

/** Files of this machine, by their paths. */
export const handedFiles: Handed = {
  artefact: readArtefact,
  manifest: manifestAt,
  digests: digestFile,
  digestsOf: digestBytes,
  canDigest,
  transitionBeside: findTransition,
  baseName: (path) => basename(path),
  pathWithin: (folder, path) => relative(folder, absolutePath(path)),
}
