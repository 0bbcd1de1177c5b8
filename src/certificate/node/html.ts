import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fromUtf8 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { fileBounds, readBounded } from '../../node/bounded-file.ts'
import { partsOfChecker } from '../html/checker.ts'
import type { Checker } from '../html/write.ts'

/** What the build notes of certificates in HTML. */
const noted = z.object({ build: z.string().regex(/^[0-9a-f]{64}$/), checker: z.string().regex(/^[0-9a-f]{64}$/) })

/** The checker that goes into certificates in HTML, and the build that the two make. */
export interface HtmlWriter extends Checker {
  readonly build: string
}

const maxCheckerBytes = 4 * 1024 * 1024

/** Reads the checker that was built beside the program. Throws `file-unreadable` where there is none. */
export function htmlWriter(): HtmlWriter {
  // Built files lie in dist, their sources beside it.
  const folder = ['../../../page/', '../../../dist/page/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(`${path}evidence-check.html`))
  if (folder === undefined)
    throw new EvidenceError('file-unreadable', 'evidence-check.html is not beside the program; run "npm run build"', {
      where: 'evidence-check.html',
    })
  const { build, checker } = noted.parse(
    parseJson(readBounded(`${folder}assets/certificate.json`, fileBounds.small), 'certificate.json'),
  )
  const parts = partsOfChecker(fromUtf8(readBounded(`${folder}evidence-check.html`, maxCheckerBytes)))
  return { parts, sha256: checker, build }
}
