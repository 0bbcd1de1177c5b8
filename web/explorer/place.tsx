import type { JSX } from 'preact'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash } from '../../src/core/entry.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from './context.ts'

const step = 34
/** Boxes of the chain: the own one in the middle, its neighbours beside it. */
const boxWidth = 120
const gap = 40
const trunk = boxWidth + gap + boxWidth / 2

/** Where an entry stands: the entries beside it in the chain, and above it the hashes that lead from its leaf to the root. */
export function PlacePicture({ receipt }: { receipt: Receipt }): JSX.Element {
  const { said } = useExplorer()
  const { proof, entryBytes, entry } = receipt
  const { size, root } = proof.checkpoint
  const rows = [...proof.hashes].reverse()
  const leafAt = (rows.length + 1) * step + 10
  const label = `${said.root} ${toBase64(root)}, ${said.leaf} ${toBase64(leafHash(entryBytes))}`
  const box = (place: number, text: string, isOwn: boolean): JSX.Element => {
    const x = place * (boxWidth + gap)
    return (
      <>
        {place > 0 && (place !== 1 || entry.index > 0) ? (
          <line x1={x - gap} y1={leafAt + 14} x2={x} y2={leafAt + 14} />
        ) : (
          ''
        )}
        <rect x={x} y={leafAt} width={boxWidth} height={28} rx={4} class={isOwn ? 'own' : ''} />
        <text x={x + boxWidth / 2} y={leafAt + 18} text-anchor="middle">
          {text}
        </text>
      </>
    )
  }
  return (
    // Hashes stay readable: a picture that is wider than a narrow window is moved within its frame, by arrow keys too.
    <div class="frame" tabIndex={0} role="group" aria-label={said.entryFacts.place}>
      <svg class="path place" viewBox={`0 0 640 ${leafAt + 34}`} role="img" aria-label={label}>
        <circle cx={trunk} cy={12} r={5} />
        <text x={trunk + 14} y={16} class="value">
          {said.root} ({count(size)}): {toBase64(root)}
        </text>
        <line x1={trunk} y1={12} x2={trunk} y2={leafAt} />
        {rows.map((hash, n) => (
          <>
            <line x1={trunk} y1={n * step + 24} x2={trunk + 34} y2={(n + 1) * step + 8} class="sibling" />
            <text x={trunk + 40} y={(n + 1) * step + 14} class="value">
              {toBase64(hash)}
            </text>
          </>
        ))}
        {entry.index > 0 ? box(0, count(entry.index - 1), false) : ''}
        {box(1, count(entry.index), true)}
        {entry.index + 1 < size ? box(2, count(entry.index + 1), false) : ''}
      </svg>
    </div>
  )
}
