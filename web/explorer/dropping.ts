import { useEffect } from 'preact/hooks'
import { chosen, filesOf } from '../check/drop.ts'
import type { DroppedFile } from '../check/hashing.ts'

/** Takes what is dropped anywhere on the page while a part is shown; gives the handler of a field of files, which takes as well. */
export function useDropped(take: (given: Promise<readonly DroppedFile[]>) => void): (event: Event) => void {
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault()
    const drop = (event: DragEvent): void => {
      event.preventDefault()
      if (event.dataTransfer !== null) take(filesOf(event.dataTransfer))
    }
    document.addEventListener('dragover', over)
    document.addEventListener('drop', drop)
    return () => {
      document.removeEventListener('dragover', over)
      document.removeEventListener('drop', drop)
    }
  }, [])
  return (event) => {
    const field = event.target as HTMLInputElement
    const given = Array.from(field.files ?? [])
    field.value = ''
    take(Promise.resolve().then(() => chosen(given)))
  }
}
