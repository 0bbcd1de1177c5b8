// The curve of a scale run as one SVG: a panel a figure, entries along the bottom, each panel from nought.
const [width, height, left, top, gap] = [320, 170, 56, 40, 36]

const panels = [
  { title: 'batches of 500, deposits/s', of: (p) => p.batch, colour: '#1b6ca8' },
  { title: 'single deposits/s, 256 connections', of: (p) => p.single, colour: '#1b6ca8' },
  { title: 'single deposits, p99 in ms', of: (p) => p.singleP99, colour: '#b5651d' },
  { title: 'one connection in series, median in ms', of: (p) => p.serial, colour: '#b5651d' },
  { title: 'peak memory of the server, MiB', of: (p) => p.peakMiB, colour: '#3f7d3a' },
  { title: 'opening, ms', of: (p) => p.open, colour: '#b5651d' },
  { title: 'inclusion proofs/s in process', of: (p) => p.proofs, colour: '#1b6ca8' },
  { title: 'bytes on disk a byte of entry', of: (p) => p.diskRatio, colour: '#3f7d3a' },
]

/** The next of 1, 2, 2.5, 5 × 10^n that is not below a value. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * [1, 2, 2.5, 5, 10].find((step) => step * power >= value)
}

const short = (n) => (n >= 1e6 ? `${n / 1e6}M` : n >= 1000 ? `${n / 1000}k` : String(Number(n.toPrecision(3))))
const text = (x, y, anchor, content, more = '') =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${content}</text>`

function panel({ title, of, colour }, curve, x0, y0) {
  const maxX = curve.at(-1).size
  const maxY = ceiling(Math.max(...curve.map(of)))
  const x = (size) => (x0 + (size / maxX) * (width - left - 12)).toFixed(1)
  const y = (value) => (y0 + height - (value / maxY) * height).toFixed(1)
  const lines = [0, 0.5, 1].map(
    (part) =>
      `<line x1="${x0}" x2="${x(maxX)}" y1="${y(maxY * part)}" y2="${y(maxY * part)}" stroke="#ddd"/>${text(x0 - 6, Number(y(maxY * part)) + 4, 'end', short(maxY * part))}`,
  )
  const marks = [0, 0.5, 1].map((part) => text(x(maxX * part), y0 + height + 16, 'middle', short(maxX * part)))
  const path = curve.map((p) => `${x(p.size)},${y(of(p))}`).join(' ')
  const dots = curve.map((p) => `<circle cx="${x(p.size)}" cy="${y(of(p))}" r="2.5" fill="${colour}"/>`)
  return [
    text(x0, y0 - 10, 'start', title, ' font-weight="600"'),
    ...lines,
    ...marks,
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
    ...dots,
  ].join('\n')
}

/** A chart of the curve, at least one point long; 2 panels a row. */
export function scaleChart(curve) {
  const rows = Math.ceil(panels.length / 2)
  const [w, h] = [2 * width + 24, rows * (height + top + gap) + 12]
  const drawn = panels.map((p, i) =>
    panel(p, curve, left + (i % 2) * (width + 12), top + Math.floor(i / 2) * (height + top + gap)),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="11" fill="#222">
<rect width="${w}" height="${h}" fill="#fff"/>
${drawn.join('\n')}
</svg>
`
}
