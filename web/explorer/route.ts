import { useEffect, useState } from 'preact/hooks'

/** The place of the explorer that the address names, behind its `#`: `/entry/3`, `/search?kind=evidence.deposit`. */
export function useRoute(): string {
  const [route, setRoute] = useState(current())
  useEffect(() => {
    const changed = (): void => setRoute(current())
    addEventListener('hashchange', changed)
    // The address may have changed since the first drawing, before anything listened.
    changed()
    return () => removeEventListener('hashchange', changed)
  }, [])
  return route
}

function current(): string {
  const route = location.hash.slice(1)
  return route.startsWith('/') ? route : '/'
}

/** Goes to a place of the explorer. */
export function go(route: string): void {
  location.hash = route
}
