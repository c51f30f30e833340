"""What pages of others are made of; see `autograd/faces.py`."""

from autograd.compile.backends.javascript import Script as Script
from autograd.escaping import image_source as image_source
from autograd.escaping import script_json as script_json
from autograd.pages.assets import COLOURS as COLOURS
from autograd.pages.assets import saved_page as saved_page
from autograd.pages.assets import squeezed as squeezed
from autograd.pages.assets import whole_page as whole_page
from autograd.pages.programs import gradient_of as gradient_of
from autograd.pages.programs import outputs_of as outputs_of
from autograd.pages.rows import script_of as script_of
from autograd.pages.rows import standing_alone as standing_alone
