//! Dimensions inside of others: angles, phases or lifetimes that are stored one behind the other along Z, C or T.
//!
//! Source: OME model, "6D, 7D and 8D storage" (Modulo annotations).

use super::xml::AnyNamespace;
use crate::{Error, Result};
use roxmltree::{Document, Node};

/// Refuses slices that are not one behind the other in depth, and warns of channels that are one channel seen several times. Time
/// points are asked for by their number whatever they are.
///
/// # Errors
/// Several angles, or the like, of an image lie along Z.
pub fn look_for(image: Node, document: &Document, warnings: &mut Vec<String>) -> Result<()> {
    let refers = |annotation: &Node| {
        let refs = image.descendants().filter(|n| n.has_tag_name_any("AnnotationRef"));
        annotation.attribute("ID").is_some_and(|id| refs.into_iter().any(|r| r.attribute("ID") == Some(id)))
    };
    let annotations = document.descendants().filter(|n| n.has_tag_name_any("XMLAnnotation")).filter(refers);
    for along in annotations.flat_map(|a| a.descendants()).filter(|n| n.is_element()) {
        let (axis, things) = match along.tag_name().name() {
            "ModuloAlongZ" => ("Z", "slices"),
            "ModuloAlongC" => ("C", "channels"),
            _ => continue,
        };
        let (n, kind) = (steps(along), along.attribute("Type").unwrap_or("unnamed dimension"));
        if n <= 1.0 {
            continue;
        }
        let what = format!("ModuloAlong{axis}: its {things} are {n} steps of another dimension ({kind}) each");
        match axis {
            "Z" => {
                let remedy = "a copy with one file a step, whose slices are those of the specimen";
                return Err(Error::unsupported(format!("an OME-TIFF with {what}")).remedy(remedy));
            }
            _ => warnings.push(format!("{what}; each was read as a channel of its own")),
        }
    }
    Ok(())
}

/// How many there are: as many as have labels, or lie between the first and the last.
fn steps(along: Node) -> f64 {
    let labels = along.children().filter(|n| n.has_tag_name_any("Label")).count();
    if labels > 0 {
        return labels as f64;
    }
    let number = |name: &str, absent: f64| along.attribute(name).map_or(Some(absent), |v| v.trim().parse().ok());
    match (number("Start", 0.0), number("End", 0.0), number("Step", 1.0)) {
        (Some(start), Some(end), Some(step)) if step != 0.0 => ((end - start) / step + 1.0 + 1e-9).floor(),
        _ => 2.0,
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: literal annotations.
    use super::*;

    fn look(modulo: &str, id: &str) -> Result<Vec<String>> {
        let xml = format!(
            "<OME xmlns=\"x\"><Image><Pixels/><AnnotationRef ID=\"A:3\"/></Image><StructuredAnnotations>\
             <XMLAnnotation ID=\"{id}\"><Value><Modulo xmlns=\"y\">{modulo}</Modulo></Value></XMLAnnotation>\
             </StructuredAnnotations></OME>"
        );
        let document = Document::parse(&xml).unwrap();
        let image = document.descendants().find(|n| n.has_tag_name_any("Image")).unwrap();
        let mut warnings = vec![];
        look_for(image, &document, &mut warnings).map(|()| warnings)
    }

    #[test]
    fn angles_along_z_are_refused_and_lifetimes_along_c_are_named() {
        let angles = "<ModuloAlongZ Type=\"angle\" Start=\"0\" End=\"90\" Step=\"30\"/>";
        let e = look(angles, "A:3").unwrap_err();
        assert!(e.what.contains("4 steps of another dimension (angle)") && e.remedy.is_some(), "{e}");
        assert_eq!(look(angles, "A:4").unwrap(), [""; 0], "the annotation of another image");
        let phases = "<ModuloAlongZ Type=\"phase\"><Label>a</Label><Label>b</Label></ModuloAlongZ>";
        assert!(look(phases, "A:3").unwrap_err().what.contains("2 steps"));
        assert_eq!(look("<ModuloAlongZ Type=\"angle\" Start=\"0\" End=\"0\"/>", "A:3").unwrap(), [""; 0]);
        let lifetimes = look("<ModuloAlongC Type=\"lifetime\" Start=\"0\" End=\"7\"/>", "A:3").unwrap();
        assert!(lifetimes[0].contains("ModuloAlongC: its channels are 8 steps"), "{lifetimes:?}");
        assert_eq!(look("<ModuloAlongT Type=\"phase\" End=\"5\"/>", "A:3").unwrap(), [""; 0]);
    }
}
