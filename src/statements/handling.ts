import type { Disclosure } from '../core/disclosure.ts'
import { codePattern } from './vocabulary.ts'

/** The handling of a deposit that is sealed from its own entry on (docs/spec/21-access-rules.md). */
export const sealedHandling = 'sealed'

/** How disclosures ask for what was deposited to be handled: codes, each once. */
export function handlingsOf(disclosures: readonly Disclosure[]): string[] {
  const codes = new Set<string>()
  for (const { claim, value } of disclosures) {
    if (claim !== 'collection') continue
    const { handling } = (value ?? {}) as { readonly handling?: unknown }
    if (typeof handling === 'string' && codePattern.test(handling)) codes.add(handling)
  }
  return [...codes]
}
