import { View } from './view';
import type { IRenderContext } from './model';

/** The anywidget module of a form. */
export default {
  render(context: IRenderContext): () => void {
    const view = new View(context);
    return () => {
      view.dispose();
    };
  }
};
