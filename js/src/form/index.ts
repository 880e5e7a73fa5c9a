import { View } from './view';
import type { IRenderContext } from './model';

/** The module of a form, as anywidget loads it. */
export default {
  render(context: IRenderContext): () => void {
    const view = new View(context);
    return () => {
      view.dispose();
    };
  }
};
