import { parseAttachments } from '../../src/certificate/html/read.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { tagOf, wordsOf } from '../../src/words/index.ts'
import { readerLanguage } from '../ui/chrome.ts'
import { fill } from '../ui/dom.ts'
import { CheckApp, Handed } from './app.ts'
import { ownHashScript } from './one-file.ts'
import type { Asks } from './run.ts'

/** The attachments of this very document: the one element that holds them. Throws as their reader does, `certificate-attachment-twice`. */
function ownAttachments(): ReturnType<typeof parseAttachments> {
  const [only, ...others] = document.querySelectorAll('[id="evidence-attachments"]')
  if (only === undefined || others.length > 0)
    throw new EvidenceError('certificate-attachment-twice', 'the document has its attachments twice, or not at all', {
      where: 'attachments',
    })
  return parseAttachments(only.textContent ?? '')
}

/** Starts the checker within a certificate in HTML: it judges what is attached to it, and what is handed over besides. */
export function startCertificate(extras: Asks['extras']): void {
  const language = readerLanguage()
  // Every text of the document bears its own language.
  document.documentElement.lang = tagOf(language)
  const path = decodeURIComponent(location.pathname.slice(location.pathname.lastIndexOf('/') + 1))
  const app = new CheckApp(new Handed(), {
    words: wordsOf(language),
    hashScript: ownHashScript(),
    policies: () => Promise.resolve([]),
    extras,
    own: { path: path === '' ? 'certificate.html' : path, attachments: ownAttachments },
    later: undefined,
    findReceipts: undefined,
    makeCertificate: undefined,
  })
  fill(document.getElementById('evidence-live') as HTMLElement, app.element)
  app.judgeOwn()
}
