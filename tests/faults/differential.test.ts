import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { caseOf, classNames } from '../support/differential/cases.ts'
import { difference, ours, packageFile, theirs, type Verdict } from '../support/differential/judges.ts'
import { figures, option } from '../support/fault-server.ts'
import { soundPackage } from '../support/differential/packages.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { type PythonLines, startPythonLines } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * Structured changes to receipts, file proofs, manifests, policies, small ledgers and packages, sealed anew or not, each judged by both
 * verifiers. `npm run faults -- differential --cases 100000 --seed 1` is the long form; it prints what each class of change came
 * to, and every disagreement with its seed. `--seed N --cases 1` is that case alone, printed in full.
 */
const cases = option('cases', sizeOf('tests/faults/differential.test.ts', 'cases'))
const firstSeed = option('seed', 1)
const batch = 200

interface Row {
  cases: number
  /** How often each exit code, and each code of a fault. */
  readonly counts: Record<string, number>
}

const told = ({ exit, codes, detail }: Verdict): string =>
  `${exit} ${codes.slice(0, 4).join(' ')}${exit === 9 ? detail?.slice(0, 300) : ''}`

describe.skipIf(lacks('python3', 'python3-cryptography'))('both verifiers', () => {
  let python: PythonLines | undefined
  const work = temporaryFolder()
  afterAll(() => {
    python?.end()
    work.remove()
  })

  it(`agree on ${cases} structured changes, and both refuse what was broken and not sealed anew`, async () => {
    python = startPythonLines()
    const files = await soundPackage(work.path)
    const rows = new Map<string, Row>(classNames.map((name) => [name, { cases: 0, counts: {} }]))
    const disagreements: string[] = []
    const passed: string[] = []
    const began = performance.now()
    for (let from = firstSeed; from < firstSeed + cases; from += batch) {
      const until = Math.min(from + batch, firstSeed + cases)
      const made = Array.from({ length: until - from }, (_, i) => caseOf(from + i, files))
      const asked = Promise.all(
        made.map((one, i) => theirs(python as PythonLines, one, packageFile(work.path, from + i))),
      )
      const own: Verdict[] = []
      for (const [i, one] of made.entries()) own.push(await ours(one, packageFile(work.path, from + i)))
      for (const [i, other] of (await asked).entries()) {
        const [one, seed] = [made[i], from + i] as [ReturnType<typeof caseOf>, number]
        const mine = own[i] as Verdict
        for (const end of ['', '.policy']) rmSync(`${packageFile(work.path, seed)}${end}`, { force: true })
        const row = rows.get(one.className) as Row
        row.cases++
        for (const key of [`exit ${mine.exit}`, ...mine.codes.map((code) => code.replace(/^\[[^,]*,"|"\]$/g, ''))])
          row.counts[key] = (row.counts[key] ?? 0) + 1
        const how = difference(mine, other)
        const replay = `npm run faults -- differential --cases 1 --seed ${seed}`
        if (how !== undefined) {
          row.counts[`DISAGREE (${how})`] = (row.counts[`DISAGREE (${how})`] ?? 0) + 1
          disagreements.push(
            `${how}: ${one.className} (${one.what}): TypeScript ${told(mine)}; Python ${told(other)}; ${replay}`,
          )
        }
        if (one.broken && (mine.exit !== 1 || other.exit !== 1))
          passed.push(`${one.className}: TypeScript ${mine.exit}, Python ${other.exit}; ${replay}`)
        if (cases === 1)
          figures('differential case', {
            input: JSON.stringify(one),
            TypeScript: JSON.stringify(mine),
            Python: JSON.stringify(other),
          })
      }
    }
    for (const [name, { cases: many, counts }] of rows) if (many > 0) figures(name, { cases: many, ...counts })
    for (const line of [...disagreements, ...passed.map((text) => `NOT REFUSED: ${text}`)])
      figures('differential', { line })
    figures('differential', {
      cases,
      'first seed': firstSeed,
      disagreements: disagreements.length,
      'broken and not refused': passed.length,
      seconds: Math.round((performance.now() - began) / 1000),
    })
    expect(passed).toEqual([])
    expect(disagreements).toEqual([])
  })
})
