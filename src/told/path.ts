import type { AnyReport, DepositReport } from '../check/steps/report.ts'
import { toBase64 } from '../core/base64.ts'
import { leafHash } from '../core/entry.ts'
import { count, visible } from '../core/text.ts'
import { itemsOf } from '../statements/said.ts'
import type { Words } from '../words/index.ts'
import { topicOf } from '../words/topic.ts'

/** One station of the way from a file to the witnesses: what it is, its hash or name, and whether the way to it holds. */
export interface PathNode {
  readonly label: string
  readonly value: string
  readonly holds: boolean
}

/** The way from file to digest, leaf, root, checkpoint and witnesses; empty where the receipt could not be read. */
export function pathOf(report: AnyReport & DepositReport, { check }: Words): readonly PathNode[] {
  const { facts } = check
  const { checked, item, line } = report.result
  if (checked === undefined) return []
  const faulty = new Set(report.faults.map(({ code }) => topicOf(code)))
  const without = (...topics: readonly ReturnType<typeof topicOf>[]): boolean =>
    !topics.some((topic) => faulty.has(topic))
  const { receipt, body, witnesses } = checked
  const { origin, size, root } = receipt.proof.checkpoint
  const digest = line?.sha256 ?? itemsOf(body)[item ?? 0]?.digest['sha256']
  return [
    { label: facts.file, value: visible(report.path), holds: report.what !== 'receipt' },
    ...(digest === undefined
      ? []
      : [{ label: facts.digest, value: digest, holds: without('differs', 'not-listed', 'manifest') }]),
    {
      label: `${facts.index} ${count(receipt.entry.index)}`,
      value: toBase64(leafHash(receipt.entryBytes)),
      holds: without('signature', 'form'),
    },
    { label: facts.root, value: toBase64(root), holds: without('inclusion') },
    { label: `${facts.ledger}, ${count(size)}`, value: visible(origin), holds: without('checkpoint', 'other-ledger') },
    ...witnesses.map(({ name }) => ({ label: facts.witness, value: visible(name), holds: without('witnesses') })),
  ]
}
