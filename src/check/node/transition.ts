import { type KeyTransition, parseKeyTransition } from '../../core/key-transition.ts'
import { transitionPath } from '../../core/artefact-names.ts'
import { artefactOf, type Evidence } from '../steps/handed.ts'
import { isFileAt, parseArtefact } from './artefact.ts'

/** The key transition beside a receipt or file proof, if there is one. Throws the codes of {@link readTransition}. */
export function findTransition(evidence: Evidence): KeyTransition | undefined {
  const path = transitionPath(artefactOf(evidence))
  return isFileAt(path) ? readTransition(path) : undefined
}

/** Throws `file-unreadable`, `transition-malformed`. */
export function readTransition(path: string): KeyTransition {
  return parseArtefact(path, parseKeyTransition)
}
