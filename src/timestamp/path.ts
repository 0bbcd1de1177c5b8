import { type Certificate, isIssuedBy, keyUsages, unique } from './certificate.ts'

/** Longest path, the anchor counted; most signatures that are verified for one token. */
const maxPath = 8
const maxSignatures = 64

/** From a certificate up to an anchor: each was issued by the next. */
export type CertificatePath = readonly Certificate[]

/** Links that were tried already, so that no signature is verified twice, and not too many in all. */
export class PathBudget {
  private left = maxSignatures
  private readonly tried = new Map<string, boolean>()

  /** True where `issuer` issued the certificate; false too when the budget is spent. */
  async isIssuedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
    const link = `${certificate.fingerprint} ${issuer.fingerprint}`
    const known = this.tried.get(link)
    if (known !== undefined) return known
    if (this.left === 0) return false
    this.left--
    const result = await isIssuedBy(certificate, issuer)
    this.tried.set(link, result)
    return result
  }
}

/** True where a certificate may stand in a path with `below` authorities under it that issued another. */
function mayIssue({ isAuthority, pathLength, keyUsage }: Certificate, below: number): boolean {
  return (
    isAuthority &&
    (pathLength === undefined || below <= pathLength) &&
    (keyUsage === undefined || (keyUsage & keyUsages.keyCertSign) !== 0)
  )
}

/**
 * A path from a certificate to one of the anchors, through `pool`, all of it valid from `fromMs` to `untilMs`
 * (docs/spec/13-time-stamps.md, "Token", step 5); undefined where there is none. The same budget serves several searches.
 */
export async function findPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  anchors: readonly Certificate[],
  [fromMs, untilMs]: readonly [number, number],
  budget: PathBudget,
): Promise<CertificatePath | undefined> {
  const isUsable = ({ notBeforeMs, notAfterMs, unknownCritical }: Certificate): boolean =>
    notBeforeMs <= fromMs && untilMs <= notAfterMs && unknownCritical.length === 0
  const trusted = new Set(anchors.map(({ fingerprint }) => fingerprint))
  // Anchors first: the shortest way up.
  const issuers = unique([...anchors, ...pool]).filter(isUsable)
  let steps = 10_000
  const climb = async (path: Certificate[]): Promise<CertificatePath | undefined> => {
    const last = path.at(-1) as Certificate
    if (trusted.has(last.fingerprint)) return path
    if (path.length === maxPath) return undefined
    for (const issuer of issuers) {
      if (steps-- <= 0) return undefined
      if (path.includes(issuer) || !mayIssue(issuer, path.length - 1)) continue
      if (!(await budget.isIssuedBy(last, issuer))) continue
      const found = await climb([...path, issuer])
      if (found !== undefined) return found
    }
    return undefined
  }
  return isUsable(leaf) ? climb([leaf]) : undefined
}
