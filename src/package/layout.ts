/** Where things lie in a package, docs/spec/18-package.md ("What lies where"). */
export const names = {
  bagit: 'bagit.txt',
  info: 'bag-info.txt',
  policy: 'policy',
  guide: 'VERIFY.md',
  custody: 'custody.txt',
  withheld: 'withheld-sha256.txt',
  receipt: 'receipt.tlog-proof',
  latest: 'latest.tlog-proof',
} as const

/** Below it lie the deposits. */
export const payloadFolder = 'data/deposits'

/** What may lie beside a receipt, under the receipt's own name with one of these endings in the place of its own. */
export const sidecars = ['.time-proof', '.key-transition'] as const
export type Sidecar = (typeof sidecars)[number]

/** `receipt.tlog-proof` has its time proof in `receipt.time-proof`. */
export function sidecarPath(receipt: string, ending: Sidecar): string {
  return `${receipt.replace(/\.tlog-proof$/, '')}${ending}`
}

/** Folder of a deposit; `count` is how many there are. */
export function depositFolder(number: number, count: number): string {
  return `${payloadFolder}/${String(number).padStart(Math.max(3, String(count).length), '0')}`
}

/** The files of one deposit, by their full paths. */
export interface DepositPlaces {
  readonly folder: string
  receipt: string | undefined
  latest: string | undefined
  /** By number of the item. */
  readonly manifests: Map<number, string>
  readonly proofs: string[]
  readonly files: string[]
}

export interface Places {
  /** By number. */
  readonly deposits: readonly DepositPlaces[]
  readonly admissions: readonly string[]
  readonly related: readonly string[]
  /** Each with the receipt that it lies beside. */
  readonly sidecars: readonly { readonly path: string; readonly receipt: string; readonly ending: Sidecar }[]
  /** What has no place below `data/`. */
  readonly strange: readonly string[]
}

const depositPattern = /^data\/deposits\/([0-9]{3,6})\/(.+)$/
const receiptPattern = /^data\/(admissions|related)\/[^/]+\.tlog-proof$/
const sidecarPattern = /^(data\/.+)(\.time-proof|\.key-transition)$/

/** Sorts the files of a package, by their paths alone. */
export function placesOf(paths: Iterable<string>): Places {
  const payload = [...paths].filter((path) => path.startsWith('data/'))
  const all = new Set(payload)
  const deposits = new Map<string, DepositPlaces>()
  const lists = { admissions: [] as string[], related: [] as string[] }
  const beside: { path: string; receipt: string; ending: Sidecar }[] = []
  const strange: string[] = []
  for (const path of payload) {
    const [, number, rest] = depositPattern.exec(path) ?? []
    const [, list] = receiptPattern.exec(path) ?? []
    const [, name, ending] = sidecarPattern.exec(path) ?? []
    const receipt = `${name ?? ''}.tlog-proof`
    if (number !== undefined && rest?.startsWith('files/')) depositOf(deposits, number).files.push(path)
    else if (ending !== undefined && all.has(receipt)) beside.push({ path, receipt, ending: ending as Sidecar })
    else if (list !== undefined) lists[list as 'admissions' | 'related'].push(path)
    else if (number === undefined || rest === undefined || !place(depositOf(deposits, number), rest, path))
      strange.push(path)
  }
  const sorted = [...deposits.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1))
  return { deposits: sorted, ...lists, sidecars: beside, strange }
}

function depositOf(deposits: Map<string, DepositPlaces>, number: string): DepositPlaces {
  const found = deposits.get(number)
  if (found !== undefined) return found
  const made: DepositPlaces = {
    folder: `${payloadFolder}/${number}`,
    receipt: undefined,
    latest: undefined,
    manifests: new Map(),
    proofs: [],
    files: [],
  }
  deposits.set(number, made)
  return made
}

function place(deposit: DepositPlaces, rest: string, path: string): boolean {
  const [, manifest] = /^manifests\/(0|[1-9][0-9]?)\.evidence-manifest$/.exec(rest) ?? []
  if (rest === names.receipt) deposit.receipt = path
  else if (rest === names.latest) deposit.latest = path
  else if (manifest !== undefined) deposit.manifests.set(Number(manifest), path)
  else if (/^proofs\/[^/]+\.file-proof$/.test(rest)) deposit.proofs.push(path)
  else return false
  return true
}
