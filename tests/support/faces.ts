import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { errorTable } from '../../src/core/errors.ts'
import { shownResults } from './browser.ts'
import { type CliResult, evidence } from './cli.ts'
import { python } from './python.ts'

/*
 * The three faces that judge what people hand over as files: the page, the command line and the Python verifier. Each is given the same files, and says
 * what it says of them in one form.
 */

/** What is to be checked: files as people hand them over. */
export interface HandedOver {
  readonly name: string
  readonly ending: 'tlog-proof' | 'file-proof' | 'misbehaviour'
  readonly proof: Uint8Array
  readonly policy: Uint8Array
  /** The file that a receipt or file proof is checked for. */
  readonly file?: Uint8Array | undefined
  /** A key transition: beside the receipt, or named. */
  readonly transition?: Uint8Array | undefined
  /** Receipts of rotations that bring the policy forward. */
  readonly rotations?: readonly Uint8Array[] | undefined
  readonly anchors?: readonly Uint8Array[] | undefined
}

/** What a face says, by the class of its exit code, and the codes of its faults, each once. `refused`: it could not begin. */
export interface Verdict {
  readonly kind: 'holds' | 'fault' | 'newer' | 'refused'
  readonly codes: readonly string[]
}

/** The face has no way to take something: said in its place. */
export interface CannotTake {
  readonly cannotTake: string
}

/** What the page has no way to take, with the reason. The command line and the Python verifier take all. */
export const pageCannotTake = {
  rotations: 'docs/page.md, "What it does not do": receipts of rotations are given to the command line',
  anchors: 'docs/page.md, "What it does not do": anchors are given to the command line',
} as const satisfies Partial<Record<keyof HandedOver, string>>

/** Why the page cannot be given something; undefined where it can. */
export function notForPage(one: HandedOver): CannotTake | undefined {
  const found = Object.entries(pageCannotTake).find(([member]) => one[member as keyof HandedOver] !== undefined)
  return found === undefined ? undefined : { cannotTake: found[1] }
}

/** A case's main file on the page: the name that its result is shown by. */
const subjectOf = (n: number, { ending }: HandedOver): string =>
  ending === 'misbehaviour' ? `case-${n}.misbehaviour` : `case-${n}.bin`

const policyName = 'all.policy'

/** A file as it is handed to the page. */
interface PageFile {
  readonly name: string
  readonly buffer: Buffer
}

/** The files of several cases under one policy, each told apart by its name. */
export function filesOnPage(cases: readonly HandedOver[]): readonly PageFile[] {
  const own = cases.flatMap((one, n): (readonly [string, Uint8Array | undefined])[] => {
    const name = subjectOf(n, one)
    if (one.ending === 'misbehaviour') return [[name, one.proof]]
    return [
      [`${name}.${one.ending}`, one.proof],
      [name, one.file],
      [`${name}.key-transition`, one.transition],
    ]
  })
  return [...own, [policyName, cases[0]?.policy] as const].flatMap(([name, bytes]) =>
    bytes === undefined ? [] : [{ name, buffer: Buffer.from(bytes) }],
  )
}

/** One result as the page shows it. */
export interface Shown {
  readonly outcome: string
  readonly codes: readonly string[]
  readonly subject: string
}

/** What the page says of each case, by the results that it shows. A policy that it refuses is what it says of all. */
export function verdictsShown(cases: readonly HandedOver[], shown: readonly Shown[]): readonly Verdict[] {
  return cases.map((one, n) => {
    const refused = shown.filter(({ subject }) => subject === policyName)
    const found = refused.length > 0 ? refused : shown.filter(({ subject }) => subject === subjectOf(n, one))
    if (found.length !== 1) throw new Error(`${one.name}: ${found.length} results ${JSON.stringify(shown.slice(0, 3))}`)
    const { outcome, codes } = found[0] as Shown
    return { kind: kindOfOutcome(outcome, codes), codes: [...new Set(codes)].sort() }
  })
}

function kindOfOutcome(outcome: string, codes: readonly string[]): Verdict['kind'] {
  if (outcome === 'broken' || outcome === 'differs') return 'fault'
  if (outcome === 'newer') return 'newer'
  if (outcome === 'unchanged' || outcome === 'noticed') return 'holds'
  const exits = Object.entries(errorTable).flatMap(([code, { exit }]) => (codes.includes(code) ? [exit] : []))
  if (outcome === 'missing' && exits.every((exit) => exit === 2 || exit === 3)) return 'refused'
  throw new Error(`the page says ${outcome} with ${codes.join(' ')}`)
}

/** By the page: cases of one policy, all at once. */
export async function byPage(opened: Page, cases: readonly HandedOver[]): Promise<readonly Verdict[]> {
  await opened.locator('.zone button').first().click()
  const files = filesOnPage(cases).map((one) => ({ ...one, mimeType: 'application/octet-stream' }))
  await opened.setInputFiles('#choose-files', files)
  await shownResults(opened)
  const shown = await opened.locator('.result').evaluateAll((articles) =>
    articles.map((article): Shown => {
      const { dataset, querySelector } = article as unknown as {
        dataset: Record<string, string>
        querySelector: (found: string) => { dataset: Record<string, string>; textContent: string } | null
      }
      return {
        outcome: querySelector.call(article, '.verdict')?.dataset['outcome'] ?? '',
        codes: (dataset['faults'] ?? '').split(' ').filter((code) => code !== ''),
        subject: querySelector.call(article, '.subject .name')?.textContent ?? '',
      }
    }),
  )
  return verdictsShown(cases, shown)
}

interface Document {
  readonly faults?: readonly { readonly code: string }[]
  readonly error?: { readonly code: string }
}

/** What a command says by its exit code and its JSON document. */
function verdictOf(result: CliResult): Verdict {
  const { code } = result
  const { faults = [], error } = result.json<Document>()
  const codes = error === undefined ? faults.map((fault) => fault.code) : code === 4 ? [] : [error.code]
  const kinds: Readonly<Record<number, Verdict['kind']>> = {
    0: 'holds',
    1: 'fault',
    2: 'refused',
    3: 'refused',
    4: 'newer',
  }
  const kind = code === null ? undefined : kinds[code]
  if (kind === undefined) throw new Error(`exit code ${code}: ${JSON.stringify({ faults, error })}`)
  return { kind, codes: [...new Set(codes)].sort() }
}

/** The commands of a case, whose files are written into a folder of its own: `named` names the key transition, `beside` leaves it beside the receipt. */
export interface Commands {
  readonly named: readonly string[]
  readonly beside: readonly string[]
}

export function commandsOf(one: HandedOver, folder: string): Commands {
  mkdirSync(folder)
  const written = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
  const rest = ['--policy', written('policy', one.policy), '--json']
  if (one.ending === 'misbehaviour') {
    const all = ['check', written('case.misbehaviour', one.proof), ...rest]
    return { named: all, beside: all }
  }
  const each = (flag: string, list: readonly Uint8Array[] = []): string[] =>
    list.flatMap((bytes, n) => [flag, written(`${flag.slice(2)}-${n}`, bytes)])
  const all = [
    'check',
    written('case.bin', one.file ?? new Uint8Array()),
    '--receipt',
    written(`case.bin.${one.ending}`, one.proof),
    ...each('--rotation', one.rotations),
    ...each('--anchor', one.anchors),
    ...rest,
  ]
  if (one.transition === undefined) return { named: all, beside: all }
  return { named: [...all, '--transition', written('case.bin.key-transition', one.transition)], beside: all }
}

export async function byCommandLine(args: readonly string[]): Promise<Verdict> {
  return verdictOf(await evidence(args))
}

export function byPython(args: readonly string[]): Verdict {
  return verdictOf(python('evidence_verify.py', args))
}
