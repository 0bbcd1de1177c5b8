import { fileURLToPath } from 'node:url'
import { browserBundle } from '../../scripts/browser-bundle.mjs'
import { checkerFile, inlineScript } from '../../src/certificate/html/checker.ts'

/** The judges of the conformance vectors as one script of a page, and what could not be joined into it: nothing, where all of it runs in a browser. */
export function judgesScript(): Promise<{ readonly code: string; readonly imports: readonly string[] }> {
  const input = fileURLToPath(new URL('browser/vectors.ts', import.meta.url))
  return browserBundle(input, { name: 'page', minify: true })
}

/** The page of a script, under the content policy of the checker as one file: nothing is evaluated, and nothing is connected to. */
export function judgesPage(code: string): string {
  return checkerFile({ style: '', worker: '', script: inlineScript(code) })
}
