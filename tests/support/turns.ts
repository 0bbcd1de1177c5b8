/** Counts turns of the event loop from now on, until it is ended. */
export function countedTurns(): { readonly now: () => number; readonly end: () => void } {
  let count = 0
  let isOver = false
  const next = (): void => {
    count++
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  return {
    now: () => count,
    end: () => {
      isOver = true
    },
  }
}
