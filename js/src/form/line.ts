import type { IRenderContext } from './model';
import { formLine } from './formLine';

/** The anywidget module of a form that has ended. It is separate and small, because Jupyter may save it in the notebook. */
export default {
  render({ model, el }: IRenderContext): () => void {
    const show = (): void => {
      const form = model.get('form');
      if (form.phase !== 'open') {
        el.replaceChildren(formLine(form.line, form.details));
      }
    };
    show();
    model.on('change:form', show);
    return () => {
      model.off('change:form', show);
    };
  }
};
