// Medians and spreads of what was measured several times, and what is printed of them.

const ascending = (list) => [...list].sort((a, b) => a - b)

/** The value below which the share `q` of a list lies, between its members where it must; the list may come in any order. Throws where it is empty. */
export function quantile(list, q) {
  if (list.length === 0) throw new RangeError('there is no quantile of nothing')
  const sorted = ascending(list)
  const at = (sorted.length - 1) * q
  const below = Math.floor(at)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}

export const median = (list) => quantile(list, 0.5)

/** Least, quartiles and greatest of a list. Throws where it is empty. */
export function spread(list) {
  return {
    min: quantile(list, 0),
    q1: quantile(list, 0.25),
    q3: quantile(list, 0.75),
    max: quantile(list, 1),
  }
}

/**
 * One row out of its rounds. `samples` has of each round its `value`, the machine's rate `v` beside it (of before and after), where there are entries the processor
 * time of one in microseconds (`cpuPerEntry`), and where it is compared with something else than V the rate of that (`against`).
 */
export function rowOf({ name, unit, ratio }, samples) {
  const values = samples.map(({ value }) => value)
  const ratios = ratio === null ? [] : samples.map(({ value, v, against }) => value / (ratio === 'V' ? v : against))
  const times = samples.flatMap(({ cpuPerEntry }) => (cpuPerEntry === undefined ? [] : [cpuPerEntry]))
  return {
    name,
    value: median(values),
    unit,
    ratio: ratios.length === 0 ? null : median(ratios),
    spread: { value: spread(values), ratio: ratios.length === 0 ? null : spread(ratios) },
    cpuPerEntry: times.length === 0 ? null : median(times),
    v: median(samples.map(({ v }) => v)),
    rounds: samples.length,
  }
}

/** A number with as many digits as help: 12,345, 123.4, 1.23. */
export function shown(value) {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

const range = ({ min, max }) => `${shown(min)} to ${shown(max)}`

/** One line of a row: median and spread of rate and ratio, processor time an entry, V beside it. */
export function lineOf({ name, value, unit, ratio, spread: { value: values, ratio: ratios }, cpuPerEntry, v }) {
  const parts = [`${shown(value)} ${unit} (${range(values)})`]
  if (ratio !== null) parts.push(`ratio ${shown(ratio)} (${range(ratios)})`)
  if (cpuPerEntry !== null) parts.push(`${shown(cpuPerEntry)} µs of processor an entry`)
  parts.push(`V ${shown(v)}`)
  return `${name.padEnd(24)} ${parts.join('; ')}`
}
