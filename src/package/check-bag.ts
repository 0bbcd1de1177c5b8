import { valueOr } from '../core/attempt.ts'
import type { Digester, FileDigests } from '../core/digester.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { type Finding, FindingList, findingOf } from '../verify/report.ts'
import { type Bag, readBagFile, requireBounds } from './bag.ts'
import { labels, oxum, parseBagInfo, parseBagList, requireBagit } from './bag-tags.ts'
import { names } from './layout.ts'
import { maxTagFileBytes } from './limits.ts'

/** Algorithms whose manifests count: the first has to be there. */
const counted = [
  { algorithm: 'sha256', hexLength: 64 },
  { algorithm: 'sha512', hexLength: 128 },
] as const satisfies readonly { algorithm: DigestAlgorithm; hexLength: number }[]

/** Lists of the files below `data/`, and of all others. */
const listKinds = ['manifest', 'tagmanifest'] as const
type ListKind = (typeof listKinds)[number]

type Expected = Partial<Record<DigestAlgorithm, string>>

/**
 * A bag under check (RFC 8493, and the bounds of docs/spec/18-package.md): each file is read once, by the check that needs its bytes
 * or digests, and compared with the manifests as it is read; {@link BagCheck.finish} reads the files that no check needed.
 */
export class BagCheck {
  readonly bag: Bag
  readonly info: ReadonlyMap<string, string>
  readonly faults: FindingList
  private readonly expected: ReadonlyMap<string, Expected>
  private readonly seen: Set<string>
  private readonly onBytes: ((count: number) => void) | undefined
  readonly digester: Digester

  private constructor(
    bag: Bag,
    digester: Digester,
    info: ReadonlyMap<string, string>,
    expected: ReadonlyMap<string, Expected>,
    faults: FindingList,
    onBytes: ((count: number) => void) | undefined,
  ) {
    this.bag = bag
    this.digester = digester
    this.info = info
    this.expected = expected
    this.faults = faults
    this.seen = new Set([...bag.files.keys()].filter(isTagManifest))
    this.onBytes = onBytes
  }

  /**
   * Reads the texts that make a bag, all of them, and then compares the lists with the files: what is incomplete stands in
   * `faults`. Throws `package-too-large`, `package-malformed`, `package-path`, `package-incomplete` where a text is missing, and for
   * another BagIt `not-judged`, or `package-altered` where a tag manifest lists another `bagit.txt`.
   */
  static async open(bag: Bag, digester: Digester, onBytes?: (count: number) => void): Promise<BagCheck> {
    requireBounds(bag)
    if (!bag.files.has(names.bagit))
      throw new EvidenceError('package-malformed', 'there is no bagit.txt: this is no bag', { where: names.bagit })
    await requireThisBagit(bag, digester)
    if (bag.files.has('fetch.txt'))
      throw new EvidenceError('package-malformed', 'the package has a fetch.txt; nothing is fetched', {
        where: 'fetch.txt',
      })
    const info = parseBagInfo(await readBagFile(bag, names.info, maxTagFileBytes))
    const faults = new FindingList()
    const expected = new Map<string, Expected>()
    const lists: (() => void)[] = []
    for (const { algorithm, hexLength } of counted) {
      for (const kind of listKinds) {
        const name = `${kind}-${algorithm}.txt`
        if (algorithm !== 'sha256' && !bag.files.has(name)) continue
        const listed = parseBagList(await readBagFile(bag, name, maxTagFileBytes), name, hexLength)
        lists.push(() => compareLists(bag, kind, name, listed, faults))
        for (const [path, hex] of listed)
          if (belongs(kind, path)) expected.set(path, { ...expected.get(path), [algorithm]: hex })
      }
    }
    for (const compare of lists) compare()
    const check = new BagCheck(bag, digester, info, expected, faults, onBytes)
    check.checkOxum()
    return check
  }

  private checkOxum(): void {
    const stated = this.info.get(labels.oxum)
    const found = oxum([...this.bag.files.values()].filter(({ path }) => path.startsWith('data/')))
    if (stated === undefined || stated === found) return
    if (!/^(?:0|[1-9][0-9]{0,15})\.(?:0|[1-9][0-9]{0,5})$/.test(stated)) {
      this.faults.add({
        code: 'package-malformed',
        message: `The label ${labels.oxum} has no such value.`,
        where: names.info,
      })
      return
    }
    const message = 'The package does not hold the bytes and files that its Payload-Oxum counts.'
    this.faults.add({ code: 'package-incomplete', message, expected: stated, found })
  }

  /** A file's bytes; undefined, and a fault, where it cannot be had. */
  async read(path: string, limit: number): Promise<Uint8Array | undefined> {
    return this.guard(path, async () => {
      const bytes = await readBagFile(this.bag, path, limit)
      this.onBytes?.(bytes.length)
      this.compare(path, this.digester.digestBytes(bytes, this.algorithmsOf(path)))
      return bytes
    })
  }

  /** A file's digests: those asked for, and those of the bag. Undefined, and a fault, where it cannot be read. */
  async measure(path: string, algorithms: readonly DigestAlgorithm[]): Promise<FileDigests | undefined> {
    return this.guard(path, async () => {
      const all = [...new Set([...algorithms, ...this.algorithmsOf(path)])]
      const measured = await this.digester.digestStream(this.bag.stream(path), all, this.onBytes)
      this.compare(path, measured)
      return measured
    })
  }

  /** Reads every file that was not read yet. */
  async finish(): Promise<void> {
    for (const path of this.bag.files.keys()) if (!this.seen.has(path)) await this.measure(path, [])
  }

  private algorithmsOf(path: string): DigestAlgorithm[] {
    return Object.keys(this.expected.get(path) ?? {}) as DigestAlgorithm[]
  }

  private compare(path: string, { digest }: FileDigests): void {
    for (const [algorithm, expected] of Object.entries(this.expected.get(path) ?? {})) {
      const found = digest[algorithm as DigestAlgorithm] as string
      if (found === expected) continue
      const message = `${path} is not the file that the package was made with.`
      this.faults.add({ code: 'package-altered', message, where: `${path} ${algorithm}`, expected, found })
    }
  }

  /** A zip whose data are not what its headers state ends the check: its readers would see different bytes. */
  private async guard<T>(path: string, run: () => Promise<T>): Promise<T | undefined> {
    this.seen.add(path)
    try {
      return await run()
    } catch (error) {
      if (!isEvidenceError(error) || error.code === 'package-zip') throw error
      this.faults.add(findingOf(error))
      return undefined
    }
  }
}

/**
 * Judges `bagit.txt`. One of another version is not judged only where no tag manifest that can be read lists other bytes: else one
 * altered digit would make every file of the bag unjudged. Throws `package-malformed`, `package-altered`, `not-judged`.
 */
async function requireThisBagit(bag: Bag, { digestBytes }: Digester): Promise<void> {
  const bytes = await readBagFile(bag, names.bagit, maxTagFileBytes)
  try {
    return requireBagit(bytes)
  } catch (error) {
    if (!isEvidenceError(error) || error.code !== 'not-judged') throw error
    for (const { algorithm, hexLength } of counted) {
      const expected = (await readableTags(bag, algorithm, hexLength)).get(names.bagit)
      const found = digestBytes(bytes, [algorithm]).digest[algorithm] as string
      if (expected === undefined || expected === found) continue
      const message = `${names.bagit} is not the file that the package was made with`
      throw new EvidenceError('package-altered', message, { where: `${names.bagit} ${algorithm}`, expected, found })
    }
    throw error
  }
}

/** The lines of a tag manifest; none where it is not there, or is not in the form of this version. */
async function readableTags(bag: Bag, algorithm: string, hexLength: number): Promise<ReadonlyMap<string, string>> {
  const name = `tagmanifest-${algorithm}.txt`
  if (!bag.files.has(name)) return new Map()
  const bytes = await readBagFile(bag, name, maxTagFileBytes)
  return valueOr(() => parseBagList(bytes, name, hexLength), new Map<string, string>())
}

/** The tag manifests that count, by name: every other file stands in them. */
function isTagManifest(path: string): boolean {
  return counted.some(({ algorithm }) => path === `tagmanifest-${algorithm}.txt`)
}

/** Whether a path is one for such a list: what any other line says of a file counts for nothing. */
function belongs(kind: ListKind, path: string): boolean {
  return kind === 'manifest' ? path.startsWith('data/') : !path.startsWith('data/') && !isTagManifest(path)
}

/** Every file in its manifest, and every line a file. */
function compareLists(
  bag: Bag,
  kind: ListKind,
  name: string,
  listed: ReadonlyMap<string, string>,
  faults: FindingList,
): void {
  const add = (message: string, where: string): void => {
    faults.add({ code: 'package-incomplete', message, where } satisfies Finding)
  }
  for (const path of listed.keys()) {
    if (!bag.files.has(path)) add(`The package lacks ${path}, which ${name} lists.`, path)
    else if (!belongs(kind, path)) add(`${name} lists ${path}, which does not belong there.`, path)
  }
  for (const path of bag.files.keys()) {
    if (belongs(kind, path) && !listed.has(path)) add(`The package holds ${path}, which ${name} does not list.`, path)
  }
}
