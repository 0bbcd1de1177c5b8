import { judgeTimeProof } from '../../../src/check/steps/judge-time-proof.ts'
import { latin1 } from '../../../src/core/bytes.ts'
import { parsePolicy } from '../../../src/core/policy.ts'
import { parseReceipt } from '../../../src/core/receipt.ts'
import { bytesOf, codesOf } from './core.ts'

export * from '../../../src/check/steps/anchors.ts'
export * from '../../../src/check/steps/ask-later.ts'
export * from '../../../src/check/steps/later.ts'
export * from './packages.ts'

/** Checks the time proof of a receipt. */
export async function checkTime(proof: string, receipt: string, policy: string, anchors: string): Promise<string[]> {
  const judged = await judgeTimeProof({
    path: 'time-proof',
    bytes: bytesOf(proof),
    receipt: parseReceipt(bytesOf(receipt)),
    policy: parsePolicy(bytesOf(policy)),
    anchors: { path: 'anchors', pem: latin1(bytesOf(anchors)) },
  })
  return 'refusal' in judged ? [judged.refusal.code] : codesOf(judged)
}
