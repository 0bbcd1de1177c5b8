import type { PathNode } from '../../src/told/path.ts'
import { svg } from '../ui/dom.ts'

const width = 640
const row = 58
const boxHeight = 40

/** The way from the file to the witnesses, drawn from top to bottom; a broken line where the way does not hold. */
export function picture(path: readonly PathNode[]): SVGElement {
  const height = path.length * row
  const title = path.map(({ label, value, holds }) => `${label}: ${value}${holds ? '' : ' ✗'}`).join(' → ')
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title, class: 'path' })
  path.forEach((node, n) => {
    const top = n * row
    if (n > 0) {
      const line = { x1: 24, y1: top - (row - boxHeight), x2: 24, y2: top, class: node.holds ? 'holds' : 'breaks' }
      root.append(svg('line', line))
    }
    root.append(
      svg('rect', { x: 1, y: top, width: width - 2, height: boxHeight, rx: 4, class: node.holds ? 'holds' : 'breaks' }),
      svg('text', { x: 12, y: top + 16, class: 'label' }, `${node.holds ? '' : '✗ '}${node.label}`),
      svg('text', { x: 12, y: top + 33, class: 'value' }, cut(node.value)),
    )
  })
  return root
}

function cut(text: string): string {
  const letters = Array.from(text)
  return letters.length <= 80 ? text : `${letters.slice(0, 50).join('')} … ${letters.slice(-24).join('')}`
}
