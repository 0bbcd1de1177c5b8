import type { HashAnswer, HashTask } from './hashing.ts'
import { measureBlob } from './measure.ts'

/** Hashes the files that it is sent, one after another. */
interface Scope {
  onmessage: (event: MessageEvent<HashTask>) => void
  postMessage: (answer: HashAnswer) => void
  /** Where a page that gets no worker finds the function, once it has loaded this script itself. */
  evidenceMeasure?: typeof measureBlob
}
const scope = globalThis as unknown as Scope

if (typeof document === 'undefined')
  scope.onmessage = ({ data: { blob, algorithms } }) => {
    measureBlob(blob, algorithms, (bytes) => scope.postMessage({ bytes })).then(
      (measured) => scope.postMessage({ measured }),
      (cause: unknown) => scope.postMessage({ failed: cause instanceof Error ? cause.message : String(cause) }),
    )
  }
else scope.evidenceMeasure = measureBlob
