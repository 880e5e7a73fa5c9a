import { quietLine } from './quietLine';
import type { IRenderContext } from './wire';

/** The module of a form that has come to its end, so that a saved notebook holds no more than it needs. */
export default {
  render({ model, el }: IRenderContext): () => void {
    const show = (): void => {
      const { line, details } = model.get('form');
      el.replaceChildren(quietLine(line, details));
    };
    show();
    model.on('change:form', show);
    return () => {
      model.off('change:form', show);
    };
  }
};
