// Every row that the bench prints: the one list of their names, which docs/performance.md explains.
import { rowOf } from './stats.mjs'

const row = (name, unit, ratio = 'V') => ({ name, unit, ratio })

/**
 * Name, unit, and what the ratio is to: V (Ed25519 verifications a second on one core, taken beside the row), `against` (what the row measures in the
 * same round: openssl, sha256sum, the plain workload), or null where there is none.
 */
export const rows = [
  row('deposit.single', 'statements/s'),
  row('deposit.single.p99', 'ms', null),
  row('deposit.batch', 'statements/s'),
  row('deposit.serial', 'ms (median)', null),
  row('memory.peak', 'MiB', null),
  row('verify.full', 'entries/s'),
  row('verify.trusted', 'entries/s'),
  row('verify.steady', 'entries/s'),
  row('verify.whole', 'entries/s'),
  row('verify.trusted.steady', 'entries/s'),
  row('verify.trusted.whole', 'entries/s'),
  row('verify.mixed', 'entries/s'),
  row('verify.mixed.whole', 'entries/s'),
  row('verify.churn', 'entries/s'),
  row('verify.churn.whole', 'entries/s'),
  row('verify.stateful', 'entries/s'),
  row('verify.stateful.none', 'entries/s'),
  row('verify.stateful.against', 'of the rate without such a kind', null),
  row('verify.custody', 'entries/s'),
  row('verify.custody.none', 'entries/s'),
  row('verify.custody.against', 'of the rate without custody', null),
  row('custody.open', 'ms', null),
  row('custody.history', 'ms', null),
  row('open', 'ms', null),
  row('proof.inclusion', 'proofs/s'),
  row('disk.ratio', 'bytes on disk a byte of entry', null),
  row('hash.file', 'MiB/s', 'against'),
  row('check.cold', 'ms', null),
  row('folder.small', 'files/s', 'against'),
  row('folder.small.check', 'files/s', 'against'),
  row('deposit.cosigned', 'of the throughput without witnesses and time stamps', null),
  row('deposit.cosigned.cpu', 'of the server’s time a deposit', null),
  row('deposit.monitored.cpu', 'the same, a monitor reading along', null),
]

const byName = new Map(rows.map((one) => [one.name, one]))

/** Gathers what rounds measured, and makes the rows of it. */
export class Results {
  rows = []

  /** Takes the rounds of one row. Throws for a name that is not in the list, or comes twice. */
  add(name, samples) {
    const known = byName.get(name)
    if (known === undefined) throw new Error(`there is no row ${name} in bench/rows.mjs`)
    if (this.rows.some((one) => one.name === name)) throw new Error(`the row ${name} was measured twice`)
    const made = rowOf(known, samples)
    this.rows.push(made)
    return made
  }

  /** What `--json` prints. `asked` names the rows that the run was to measure. Throws where one of them is missing. */
  document(machine, asked = rows.map(({ name }) => name)) {
    const missing = asked.filter((name) => !this.rows.some((one) => one.name === name))
    if (missing.length > 0) throw new Error(`nothing was measured of ${missing.join(', ')}`)
    return { machine, results: this.rows }
  }
}

/** The rows that a list of prefixes asks for, divided by commas: all of them where it is undefined. Throws where a prefix names none. */
export function asked(only) {
  if (only === undefined) return rows.map(({ name }) => name)
  return only.split(',').flatMap((prefix) => {
    const named = rows.filter(({ name }) => name === prefix || name.startsWith(`${prefix}.`))
    if (named.length === 0) throw new Error(`--only ${prefix}: no row is named so, or begins so`)
    return named.map(({ name }) => name)
  })
}
