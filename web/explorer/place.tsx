import type { JSX } from 'preact'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash } from '../../src/core/entry.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from './context.ts'

const step = 30
const left = 150

/** Where an entry stands: the entries beside it in the chain, and above it the hashes that lead from its leaf to the root. */
export function PlacePicture({ receipt }: { receipt: Receipt }): JSX.Element {
  const { said } = useExplorer()
  const { proof, entryBytes, entry } = receipt
  const { size, root } = proof.checkpoint
  const rows = [...proof.hashes].reverse()
  const height = (rows.length + 2) * step + 46
  const leafAt = (rows.length + 1) * step
  const label = `${said.root} ${toBase64(root)}, ${said.leaf} ${toBase64(leafHash(entryBytes))}`
  const box = (x: number, text: string, isOwn: boolean): JSX.Element => (
    <>
      <rect x={x} y={leafAt + 30} width={120} height={28} rx={4} class={isOwn ? 'own' : ''} />
      <text x={x + 60} y={leafAt + 48} text-anchor="middle">
        {text}
      </text>
    </>
  )
  return (
    <svg class="path place" viewBox={`0 0 640 ${height + 20}`} role="img" aria-label={label}>
      <text x={left + 10} y={16} class="label">
        {said.root} ({count(size)})
      </text>
      <text x={left + 150} y={16} class="value">
        {toBase64(root)}
      </text>
      {rows.map((hash, n) => (
        <>
          <line x1={left} y1={n * step + 10} x2={left} y2={(n + 1) * step + 10} />
          <line x1={left} y1={n * step + 10} x2={left + 90} y2={(n + 1) * step + 4} class="sibling" />
          <text x={left + 96} y={(n + 1) * step + 8} class="value">
            {toBase64(hash)}
          </text>
        </>
      ))}
      <line x1={left} y1={rows.length * step + 10} x2={left} y2={leafAt + 30} />
      {entry.index > 0 ? box(0, count(entry.index - 1), false) : ''}
      {entry.index > 0 ? <line x1={120} y1={leafAt + 44} x2={150 - 60 + 0} y2={leafAt + 44} /> : ''}
      {box(left - 20, count(entry.index), true)}
      {entry.index + 1 < size ? box(left + 130, count(entry.index + 1), false) : ''}
    </svg>
  )
}
