import type { Registry } from '../../src/statements/registry.ts'

/** A registry whose state was cloned as plain data, with maps that are nothing but maps. */
export function structuredRegistry(registry: Registry): Registry {
  return { ...registry, states: structuredClone(plain(registry.states)) as Registry['states'] & object }
}

function plain(value: unknown): unknown {
  if (value instanceof Map || isMapLike(value))
    return new Map([...(value as ReadonlyMap<unknown, unknown>)].map(([name, one]) => [name, plain(one)]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

function isMapLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'entries' in value && 'get' in value
}
