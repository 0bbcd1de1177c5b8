/** Resolves at SIGTERM or SIGINT, from now on: one that comes while the server starts counts too. A second ends at once. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.once('SIGTERM', () => process.exit(143))
      process.once('SIGINT', () => process.exit(130))
      resolve()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })
}
