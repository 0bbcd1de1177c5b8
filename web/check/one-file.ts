import { attempt } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { frame } from '../ui/chrome.ts'
import { el } from '../ui/dom.ts'
import { workers } from '../ui/worker.ts'
import { CheckApp, Handed } from './app.ts'
import type { HashScript } from './hashing.ts'
import { type PolicyChoice, policyChoice } from './policies.ts'
import type { Asks } from './run.ts'

/** Starts the checker as one file: no ledger is asked, and the worker's script lies in the file itself. */
export function startOneFile(extras: Asks['extras']): void {
  const hashScript = ownHashScript()
  const own = builtIn()
  const handed = new Handed()
  frame((words) => {
    const { element } = new CheckApp(handed, {
      words,
      hashScript,
      policies: () => Promise.resolve(own),
      extras,
      later: undefined,
      findReceipts: undefined,
      makeCertificate: undefined,
    })
    const { page, check } = words
    const limits = [...(extras === undefined ? [page.cannotCore] : []), check.later.notAsked]
    return el(
      'div',
      {},
      element,
      el(
        'footer',
        {},
        el('p', {}, page.ofThisFile),
        el('h2', {}, page.cannot),
        el('ul', {}, ...limits.map((line) => el('li', {}, line))),
      ),
    )
  })
}

/** The script that hashes, which lies in the file itself. */
export function ownHashScript(): HashScript {
  const script = document.getElementById('evidence-worker')?.textContent ?? ''
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
  return { url, makeWorker: workers(url) }
}

/** The policy that was built into the file, if any. */
function builtIn(): readonly PolicyChoice[] {
  const text = document.getElementById('evidence-policy')?.textContent ?? ''
  if (text.trim() === '') return []
  const choice = attempt(() => policyChoice('builtIn', utf8(text)))
  return choice instanceof EvidenceError ? [] : [choice]
}
