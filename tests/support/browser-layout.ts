import type { Page } from 'playwright-core'

interface Measured {
  readonly tagName: string
  readonly className: string
  readonly textContent: string
  readonly getBoundingClientRect: () => { readonly left: number; readonly right: number; readonly width: number }
  readonly closest: (found: string) => object | null
}

/**
 * What a page cuts off at the width of its window, and whether it is scrolled sideways: elements with text that reach beyond either side, but
 * for what stands in a frame that is moved by itself, or is shown to those alone who go by keyboard.
 */
export function cutOff(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as {
      document: {
        documentElement: { scrollWidth: number }
        querySelectorAll: (found: string) => Iterable<Measured>
      }
      innerWidth: number
    }
    const isCut = (one: Measured): boolean => {
      const { left, right, width } = one.getBoundingClientRect()
      return width > 1 && (right > innerWidth + 1 || left < -1)
    }
    const found = [...document.querySelectorAll('main *, .top *')]
      .filter((one) => isCut(one) && one.closest('.frame svg, .skip, .button input') === null)
      .map(({ tagName, className, textContent }) => `${tagName}.${className} ${textContent.slice(0, 60)}`)
    const { scrollWidth } = document.documentElement
    return scrollWidth > innerWidth ? [`the page is ${scrollWidth} wide in ${innerWidth}`, ...found] : found
  })
}
